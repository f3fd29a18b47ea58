"""Colours of the style: told apart by everybody, and readable, on light pages and on dark ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
import pytest

from sim.html.speakers import COLOURS
from sim.html.style import dark, light

# Machado, Oliveira and Fernandes 2009: how colours look without one kind of cone, in linear RGB.
SIGHT = {
    "all cones": np.eye(3),
    "no long": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no middle": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no short": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip

THEMES = [light, dark]
Theme = Callable[[], Mapping[str, str]]


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted(float(linear(each) @ weights) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(parts: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    ratio = to_xyz @ np.clip(parts, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("theme", THEMES)
def test_texts_are_readable(theme: Theme) -> None:
    colours = theme()
    texts = ["ink", "muted", "accent", *(f"s{place}-ink" for place in range(COLOURS))]
    for name in texts:
        for page in ("paper", "raised"):
            assert contrast(colours[name], colours[page]) >= 4.5, (name, page)
    assert contrast(colours["onheat"], colours["heat"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_graphics_stand_out(theme: Theme) -> None:
    colours = theme()
    for name in ["agree", "against", "heat", *(f"s{place}" for place in range(COLOURS))]:
        assert contrast(colours[name], colours["paper"]) >= 3, name


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", THEMES)
def test_speakers_are_told_apart(theme: Theme, sight: str) -> None:
    """Each pair differs by at least 10 in L*a*b*, also for who lacks one kind of cone."""
    colours = theme()
    seen = [lab(np.array(SIGHT[sight]) @ linear(colours[f"s{place}"])) for place in range(COLOURS)]
    for one, other in combinations(range(COLOURS), 2):
        assert np.linalg.norm(seen[one] - seen[other]) >= 10, (one, other)


@pytest.mark.parametrize("theme", THEMES)
def test_agreement_and_contradiction_are_told_apart(theme: Theme) -> None:
    colours = theme()
    for sight in SIGHT.values():
        one, other = (lab(np.array(sight) @ linear(colours[name])) for name in ("agree", "against"))
        assert np.linalg.norm(one - other) >= 20
