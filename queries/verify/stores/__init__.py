"""What verify asks of each store."""
