"""Text that is safe to print: nothing hidden, nothing that steers a terminal, quoted for a shell.

Names and paths may come from anybody, and so may what a model says. Control characters could move
the cursor, change the title of a window or hide text; marks that nobody sees make two names look
alike.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Mapping

_JOINERS = "\u200c\u200d"
"""Invisible, and part of how words of some scripts, and some emoji, are written."""

_NEVER_JOINED = (
    "\u0621\u0622\u0623\u0624\u0625\u0627\u0629\u062f"
    "\u0630\u0631\u0632\u0648\u0649\u0698\u06c0\u06d5"
)
"""Letters of the Arabic script that join none after them, so that no joiner after them is seen."""


def _hidden(character: str) -> bool:
    """Whether a character has no shape of its own: controls, marks of format (zero-width spaces,
    directions of writing, tags), separators of lines, halves of surrogate pairs, fillers."""
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in "\u034f\u115f\u1160\u3164\uffa0"


_MAYBE = re.compile(r"[^ -~\n\t]+")
"""Whatever is no printable ASCII: the rest need not be looked at letter by letter."""


def visible(text: str) -> str:
    """The text with hidden characters as escapes. Joiners stay: words may need them.

    >>> visible("red \\x1b[31m alert\\x07"), visible("zero\\u200bwidth")
    ('red \\\\x1b[31m alert\\\\x07', 'zero\\\\u200bwidth')
    """
    return _MAYBE.sub(lambda found: _escaped(found.group(), _JOINERS), text)


def one_line(text: str) -> str:
    """The text on one line, with hidden characters as escapes: for names and paths, which have to
    be told apart. A joiner stays where it is seen: in a Persian word, after a virama, between
    emoji.

    >>> one_line("a\u200db"), one_line("\u0645\u06cc\u200c\u0634") == "\u0645\u06cc\u200c\u0634"
    ('a\\\\u200db', True)
    """
    line = " ".join(text.split())
    return _MAYBE.sub(lambda found: _named(found.group()), line)


def _named(text: str) -> str:
    if not any(joiner in text for joiner in _JOINERS):
        return _escaped(text, "")
    ends = f" {text} "
    return "".join(
        each if each in _JOINERS and _joins(*ends[place : place + 3]) else _escaped(each, "")
        for place, each in enumerate(text)
    )


def _joins(before: str, joiner: str, after: str) -> bool:
    """Whether a joiner changes what is seen: as in the rules for names of domains (RFC 5892), and
    in emoji."""
    if unicodedata.combining(before) == 9:  # A virama.
        return True
    if joiner == "\u200d":
        begun = unicodedata.category(before) in ("So", "Sk") or before == "\ufe0f"
        return begun and unicodedata.category(after) == "So"
    arabic = all(unicodedata.bidirectional(each) == "AL" for each in (before, after))
    return arabic and before not in _NEVER_JOINED


def value_text(value: object) -> str:
    """An answer off stage in words: of several fields each with its name.

    >>> value_text({"answer": "no", "because": "it rains"}), value_text(3)
    ('answer: no; because: it rains', '3')
    """
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {each}" for key, each in value.items())
    return str(value)


def _escaped(text: str, kept: str) -> str:
    return "".join(
        each.encode("unicode_escape").decode() if _hidden(each) and each not in kept else each
        for each in text
    )


def shell_word(text: object) -> str:
    """A word as a shell reads it, quoted where it has to be, with nothing hidden in it.

    >>> print(shell_word("my store.db"), shell_word("a\\u200bb.db"))
    'my store.db' $'a\\u200bb.db'
    """
    word = str(text)
    if one_line(word) == word or not any(_hidden(each) for each in word):
        return shlex.quote(word)
    # The form of bash and zsh, in which escapes stand for what they name.
    quoted = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(_in_quotes(each) if _hidden(each) else each for each in quoted) + "'"


def _in_quotes(character: str) -> str:
    """A character as an escape of a shell, which takes \\x for a byte and \\u for a character."""
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def command_line(*words: object) -> str:
    """A command as a person can copy it: ``elsinore`` and these words.

    >>> command_line("show", "my store.db", "3f2a")
    "elsinore show 'my store.db' 3f2a"
    """
    return " ".join(["elsinore", *map(shell_word, words)])
