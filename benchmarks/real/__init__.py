"""Scenes on real language models: what makes a scene a scene, counted, by layout and wording.

``python -m benchmarks.real`` plays and counts; ``counts`` says what is counted, ``cells`` what is
played, ``report`` writes ``docs/real-models.md``. ``copying`` and ``persuasion`` are two first
experiments.
"""
