"""The relational store's vectors: passages and sessions, of each embedding space in tables of their own (pgvector)."""
