"""What every part of SessionTrack shares: settings, records, identity, errors, logging."""

__version__ = "0.1.0"
