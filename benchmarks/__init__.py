"""Benchmarks: how fast Elsinore is, side by side with its peers."""
