"""The native stack: Kafka, schema registry, PostgreSQL, OpenSearch and an S3 store as processes, without Docker."""
