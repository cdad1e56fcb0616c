"""The HTTP API: parse, call `queries` or the SDK, answer. `app.py` shows the way of a request."""
