"""Embedding models that run in this process: no key, no network, nothing leaves the machine."""
