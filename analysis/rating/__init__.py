"""What ``analysis.ratings`` is made of: models, estimates, intervals, ranks, cycles."""
