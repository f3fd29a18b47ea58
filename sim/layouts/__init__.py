"""Layouts turn what an actor can see into a prompt. One file per layout; all are pure."""

from __future__ import annotations

from sim.layouts.contexts import before as before
from sim.layouts.contexts import render as render
from sim.layouts.contexts import render_question as render_question
from sim.layouts.contexts import until as until
from sim.layouts.registry import LAYOUTS as LAYOUTS
from sim.layouts.registry import layout_of as layout_of
