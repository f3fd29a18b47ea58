"""Simulated people beside people: a table that the user brings, and how far a simulated population
covers it and exaggerates the differences between its groups.
"""

from analysis.people.comparison import PeopleComparison, compare_people
from analysis.people.tables import People, people_from_file, people_from_store

__all__ = [
    "People",
    "PeopleComparison",
    "compare_people",
    "people_from_file",
    "people_from_store",
]
