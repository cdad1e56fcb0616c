"""Pinecone, a vector store elsewhere: passages and sessions, each embedding space in namespaces of its own."""
