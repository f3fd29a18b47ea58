"""Ratings of entrants: ``ratings`` is the face, the other files are what it is made of."""
