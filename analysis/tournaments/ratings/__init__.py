"""Ratings of entrants: ``ratings`` has the functions to call, the other modules their parts."""
