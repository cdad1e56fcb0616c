"""The worker `embed`: passages of messages with their vectors."""
