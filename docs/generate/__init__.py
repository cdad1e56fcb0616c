"""Generators of the pages in `docs/`: `python -m docs.generate` writes them all; tests hold them true."""
