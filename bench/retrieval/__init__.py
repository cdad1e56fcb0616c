"""How well questions find the turns that answer them: `python -m bench.retrieval`."""
