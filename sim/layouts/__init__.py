"""Layouts: how what an actor can see becomes a prompt. One file per layout, all pure."""

from __future__ import annotations

from sim.layouts.pages import render as render
from sim.layouts.registry import LAYOUTS as LAYOUTS
from sim.layouts.registry import heard_by as heard_by
