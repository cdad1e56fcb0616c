"""Benchmarks, the corpus that they and the demo run on, and the demo."""
