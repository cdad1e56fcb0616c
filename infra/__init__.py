"""What the pipeline stands on: the native stack, and the topics, tables, indexes and buckets in its servers."""
