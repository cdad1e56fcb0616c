"""The contract: Avro schemas, the records they describe, topics, and how both travel."""
