"""How fast the pipeline is, what binds it, and how that compares: `python -m bench.throughput`."""
