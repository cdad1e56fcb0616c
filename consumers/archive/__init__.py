"""The archive: every record of the log, for ever, as immutable objects that need nothing else to be read."""
