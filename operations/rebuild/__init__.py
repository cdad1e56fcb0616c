"""Makes a store anew from the events, beside the one that is in use, and puts it in its place at once."""
