"""The sinks: each carries topics to one store, in a consumer group of its own, and waits for no other."""
