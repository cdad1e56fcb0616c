"""OpenSearch's templates, indexes and aliases."""
