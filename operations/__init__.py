"""Maintenance that writes, by the very stages and sinks that the workers run."""
