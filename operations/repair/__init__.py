"""Mends what verify found: sends again what a store lacks, and writes again what the archive lacks."""

from operations.repair.run import Repaired, repair

__all__ = ["Repaired", "repair"]
