"""Tournaments as tables: results, ratings, and properties of their judges."""
