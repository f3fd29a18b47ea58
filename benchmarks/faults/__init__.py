"""Faults from outside: kills, foreign bytes and hostile clients, with counts of what they break."""
