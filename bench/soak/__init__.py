"""Hours of load in compressed form: whether memory, file handles, disk and lag stay flat."""
