"""Stages: language models as simulators, behind one protocol."""
