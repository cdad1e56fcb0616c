"""The search engine's vectors: passages and sessions, of each embedding space in indexes of their own."""
