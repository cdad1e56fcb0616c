"""Finds messages by their words: one protocol, and a module for each store that can."""
