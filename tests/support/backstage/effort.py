"""How much a test does: enough to see what breaks, or as much as there is time for.

``ELSINORE_THOROUGH=1`` selects the longer run: more examples, more scenes, more replicates. The
laws, the seeds and the error rates are the same in both.
"""

from __future__ import annotations

import os

THOROUGH = os.environ.get("ELSINORE_THOROUGH") == "1"


def effort(quick: int, thorough: int) -> int:
    """A number of examples, scenes or replicates."""
    return thorough if THOROUGH else quick
