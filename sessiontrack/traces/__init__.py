"""Traces by OpenTelemetry: one from a line of a transcript to every store; `opening.py` is where they are turned on."""
