"""What is asked for, a module for each kind of thing."""
