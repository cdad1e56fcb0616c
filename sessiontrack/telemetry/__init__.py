"""What a worker tells of itself: metrics, and whether it is well."""
