"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes is decided by what else the machine does.
settings.register_profile("sessiontrack", deadline=None)
settings.load_profile("sessiontrack")
