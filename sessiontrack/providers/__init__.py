"""Models, of this machine or of others: one protocol for each task, one module for each provider."""
