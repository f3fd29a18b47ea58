"""Equivalent worlds: the same scene told in another way, so that nothing that matters changes.

``changes`` and ``retold`` are plain functions from a scene to a scene, ``factors`` says which of
them are invariances, moderators and exact symmetries, and what becomes of signed quantities.
"""
