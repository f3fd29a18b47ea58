"""Given names, for people who have none yet, and by which a script's speakers are known as people.

Most are English, none is of a family, and they are no sample of any country: where names matter,
write them yourself.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
adam agnes albert alex alexander alfred alice amelia amy andrew anna anne annie anthony arthur
barbara beatrice benjamin bernard betty bill bob brian bruno carl carlos carol caroline catherine
charles charlie charlotte christine claire clara daniel david diana dorothy edgar edith edmund
edward eleanor elena elizabeth ellen emil emily emma eric ernest esther eva eve felix florence
frances francis frank fred frederick george gloria greta hannah harold harriet harry hector helen
henry horace hugh ian ida igor irene isaac isabel ivan jack jacob james jane janet jean jenny
jessica jim joan joe john jonas joseph josephine judith julia julian karl kate katherine kevin
laura lawrence leo leonard lewis linda lisa louis louise lucas lucy luke margaret maria marie
martha martin mary matthew max michael miriam nancy nathan nicholas nina noah nora oliver olivia
oscar otto patrick paul peter philip rachel ralph rebecca richard robert roger rosa ruth sam samuel
sara sarah sebastian simon sofia sophie stella stephen steven susan sylvia theodore theresa thomas
tim tom victor victoria vincent walter wendy william
"""
GIVEN_NAMES: Final = frozenset(_NAMES.split())
"""In small letters."""
