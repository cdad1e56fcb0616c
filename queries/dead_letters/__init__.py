"""The dead letters: which records every consumer group set aside, why, and what is in them."""
