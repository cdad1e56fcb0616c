"""The read side: what people and programs ask. It may use the pure parts of streams and sinks, and changes nothing."""
