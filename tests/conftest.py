"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Machines are shared: an example that takes long is no failure. In CI the examples are the same each time, so that a
# change is judged by what it changes; elsewhere they are new ones.
settings.register_profile("shared", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("shared")
