"""Tournaments as tables: results, ratings, and what their judges are like."""
