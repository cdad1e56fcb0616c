"""How long searches take at the API, and what the vector index misses: `python -m bench.search`."""
