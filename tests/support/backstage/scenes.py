"""A few scenes that many tests use."""

from __future__ import annotations

from sim.testing.scenes import ADA, BEN, CLEO, TOPIC, debate, probed

__all__ = ["ADA", "BEN", "CLEO", "TOPIC", "debate", "probed"]
