"""The nearest passages and sessions to a vector, in each of the stores that hold vectors."""
