"""Words of three letters and more that say nothing of what a line is about."""

from __future__ import annotations

import re

COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        about after again all also always and any are aren because been before being but can cannot
        could couldn did didn does doesn doing don down each else even ever every few for from get
        gets goes going gone got had hadn has hasn have haven having her here hers him his how
        however into isn its just know let like make many may maybe might more most much must never
        not nothing now off okay one only other our out over own please quite rather really right
        said same say says see shall she should shouldn some something still such sure take than
        that the their them then there these they thing things think this those through too try
        under until use very want was wasn way well were weren what when where which while who why
        will with won would wouldn yes yet you your yours
        """,
    )
)
"""In lower case, without apostrophes: of *don't* and *isn't* what stands before them."""
