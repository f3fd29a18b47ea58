"""The reader of replies: what an actor said, in whatever dress a model wrote it.

Real models write their own name before the line, in bold or brackets, put quotes around it,
announce it ("Here is Ann's line:"), think aloud, and run on into the lines of others. One reader
for every layout takes that apart. The rules are few:

- Thinking is parted first (``sim.text.thoughts``).
- At the head of the reply the actor's own name is dropped in any dress, with an announcement before
  it, fences, rules and quotes around the whole. On later lines it is dropped where it is a label.
- A label of somebody else in the cast ends the turn. So does a stranger's, by evidence that a
  script would give (``sim.text.strangers``), and the marks of a chat template.
- Everything else is what was said, word for word: stage directions, lists, and colons.

What was cut is kept, and nothing is lost: every character of a reply is in the text, in the cut, in
the thought, or in what was dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from sim.text.labels import Label, Labels, heads_own, labels_of
from sim.text.strangers import strangers_in
from sim.text.thoughts import part

_LEAK: Final = re.compile(
    r"<\|(?:im_end|im_start|endoftext|eot_id|end_of_text|start_header_id|end|return|user|system"
    r"|assistant)\|>|<(?:end|start)_of_turn>|</s>|\[/?INST\]|<eos>"
    r"|(?:(?<=\n)|^)(?:#{2,4} ?(?:Instruction|Response|Input|User|Human|Assistant|System)\b"
    r"|(?:User|Human|Assistant):[ \n])"
)
_TOKEN: Final = re.compile(r"<[^<>\n]*>|\[/?INST\]")
_FENCE: Final = re.compile(
    r"(?P<open>```[\w-]*[ \t]*\n)(?P<inside>(?:(?!```).)*)(?P<close>(?<=\n)[ \t]*```)", re.S
)
_WRAPPED: Final = re.compile(
    r"(?P<open><(?P<tag>answer|response|reply|final|output|speech|dialogue|line)>)"
    r"(?P<inside>.*)(?P<close></(?P=tag)>)",
    re.S | re.I,
)
_RULE: Final = re.compile(r"-{3,}|\*{3,}|_{3,}")
_QUOTES: Final = {
    "“": "”", "„": "“”", "«": "»", "»": "«", "「": "」", "『": "』", "‘": "’", "‹": "›", '"': '"',
    "'": "'", "”": "”",
}  # fmt: skip
_SENTENCE_END: Final = ".!?…。！？—–-"
_DASH: Final = re.compile(r"[—―][ \t\u00a0]*(?=[^\Wa-zß-öø-ÿа-яё\d_]|[¿¡«„“\"])")
_NEXT_DASH: Final = re.compile(r"(?<=\n)[—―][ \t\u00a0]*\S")
_FOREIGN: Final = re.compile(r"[¿¡]|[^\W\d_\x00-\x7f]")
_COURTESY: Final = (
    r"(?:(?:sure|certainly|of course|okay|ok|absolutely|alright|all right|great|understood|got it"
    r"|gladly)(?: thing)?[!,.:]*\s+)?"
)
_POLITE: Final = re.compile(_COURTESY.removesuffix("?"), re.I)
_EMPHASISED: Final = re.compile(r"\*[^*]+\*|_[^_]+_")
_ROLE: Final = re.compile(r"(?:\*\*)?(?:Assistant|AI):(?:\*\*)?(?=\s*\S)")
_ANNOUNCED: Final = re.compile(
    rf"{_COURTESY}(?:here(?:'s|’s| is| are)|this is|below is|the following is|voici|voilà"
    r"|aquí (?:está|tienes|va)|hier (?:ist|kommt)|вот|ecco|aqui está)\b"
    r"(?P<what>[^\n:：]{1,120})[:：]"
    r"(?=\s*(?:\n|\Z)|[ \t]*[\"“«„])",
    re.I,
)
_LINE_WORD: Final = re.compile(
    r"\b(?:lines?|reply|response|turns?|answer|dialogue|message|speech|continuation|scene|réplique"
    r"|réponse|respuesta|línea|intervención|antwort|zeile|реплика|ответ|battuta|risposta|resposta"
    r"|fala)\b",
    re.I,
)
_OF_A_PLAY: Final = re.compile(r"\b(?:next|scene|play|character|continuation)\b", re.I)


READ: Final = 100_000
"""The letters of a reply, without what was thought, that are read; what follows them is cut."""

_LAYERS: Final = 24
"""Labels, quotes and announcements inside each other are taken off so often, and then no more: a
model that repeats one of them without end would be read for minutes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply read: the turn, what came after it and who spoke in that, and what was thought.

    ``dropped`` is what was around the words: labels, quotes, announcements, marks.
    """

    text: str
    cut: str = ""
    strangers: tuple[str, ...] = ()
    thought: str = ""
    dropped: tuple[str, ...] = ()


def read_reply(reply: str, own: str, cast: tuple[str, ...], *, script: bool = False) -> Reading:
    """What an actor said in a reply. A blank text says that nothing was said.

    ``own`` is whose reply it is, ``cast`` everybody's names. ``script`` is for layouts in which a
    script is continued: there the reply follows the actor's own label, and strangers may walk in.

    >>> read_reply("**Ada:** Well?\\n\\nBen: No.", "Ada", ("Ada", "Ben"))
    Reading(text='Well?', cut='Ben: No.', strangers=(), thought='', dropped=('**Ada:**',))
    >>> read_reply("Sit.\\n\\nEconomically: we gain.", "Ada", ("Ada", "Ben")).text
    'Sit.\\n\\nEconomically: we gain.'
    """
    text = reply.strip()
    # In a script the reply goes on after the label; on a new line, somebody else may begin.
    continued = script and "\n" not in reply[: len(reply) - len(reply.lstrip())]
    if _is_plain(text, cast) and (continued or not script):
        return Reading(text)
    thought, speech, marks = part(reply)
    speech = speech.replace("\r\n", "\n").replace("\r", "\n")
    if script and "\n" in speech[: len(speech) - len(speech.lstrip())]:
        continued = False
    speech = speech.strip()
    reader = _Reader(own, cast, script, continued, speech[:READ].rstrip())
    reader.dropped += marks
    reader.after += [speech[READ:]] if len(speech) > READ else []
    reader.read()
    return Reading(
        reader.text,
        "\n\n".join([*reader.before, *reversed(reader.after)]),
        tuple(dict.fromkeys(reader.strangers)),
        thought,
        tuple(reader.dropped),
    )


def _is_plain(text: str, cast: tuple[str, ...]) -> bool:
    """Whether a reply is one line of text with nothing about it: the common case, and cheap."""
    return (
        bool(text)
        and "\n" not in text
        and "\r" not in text
        and text[0].isalnum()
        and "<" not in text
        and "[" not in text
        and "◁" not in text
        and not text.startswith(("analysis", "```"))
        and text[-1] not in ":："
        and _MORE_THAN_TEXT.match(text) is None
        and not labels_of(cast).may_begin(text)
    )


_MORE_THAN_TEXT: Final = re.compile(
    r"\w+['’]|(?:speaking )?as\s|turn \d|\d{1,2}[.)]|here|this is|below|the following|sure"
    r"|certainly|of course|ok|absolutely|al|great|understood|got|gladly|voi|aqu|hier|вот|ecco"
    r"|(?:User|Human|Assistant|AI):",
    re.I,
)
"""What a reply may begin with, besides a name, that is not said."""


class _Reader:
    """A reply while it is read. ``before`` and ``after`` are what was cut, in the order found."""

    def __init__(
        self, own: str, cast: tuple[str, ...], script: bool, continued: bool, text: str
    ) -> None:
        self.own = own
        self.labels: Labels = labels_of(cast)
        self.script = script
        self.continued = continued
        self.text = text
        self.before: list[str] = []
        self.after: list[str] = []
        self.strangers: list[str] = []
        self.dropped: list[str] = []

    def read(self) -> None:
        """Take off what is around the words until there is nothing more to take off."""
        for _ in range(_LAYERS):
            was = self.text
            self._end_at_leak()
            self._unwrap()
            self._announcement()
            self._around_label()
            self._quote_before_label()
            self._own_label()
            self._end_at_others()
            self._later_labels()
            self._dashes()
            self._quotes()
            if self.text == was:
                return

    # -- what is around the whole ---------------------------------------------------------------

    def _drop(self, *pieces: str) -> None:
        self.dropped += [piece.strip() for piece in pieces if piece.strip()]

    def _unwrap(self) -> None:
        for pattern in (_FENCE, _WRAPPED):
            match = pattern.fullmatch(self.text)
            if match is not None:
                self._drop(match["open"], match["close"])
                self.text = match["inside"].strip()
        for at_end in (False, True):
            while True:
                first, _, last = (self.text.rpartition if at_end else self.text.partition)("\n")
                rule, rest = (last, first) if at_end else (first, last)
                if _RULE.fullmatch(rule.strip()) is None:
                    break
                self._drop(rule)
                self.text = rest.strip()

    def _end_at_leak(self) -> None:
        role = _ROLE.match(self.text)
        if role is not None:
            # What a chat calls the one who answers: the actor's own label, by another name.
            self._drop(role.group())
            self.text = self.text[role.end() :].lstrip()
        match = _LEAK.search(self.text)
        if match is None:
            return
        rest = self.text[match.start() :].strip()
        if _TOKEN.sub("", rest).strip():
            self.after.append(rest)
        else:
            self._drop(rest)
        self.text = self.text[: match.start()].rstrip()

    def _announcement(self) -> None:
        match = _ANNOUNCED.match(self.text)
        if match is None or not _announces(match["what"], self.own):
            return
        self._drop(match.group())
        self.text = self.text[match.end() :].lstrip()

    def _around_label(self) -> None:
        """What stands before or around a label of the actor's own, and nothing else would."""
        courtesy = _POLITE.match(self.text)
        if courtesy is not None and self._is_own(courtesy.end()):
            self._drop(courtesy.group())
            self.text = self.text[courtesy.end() :]
        if _EMPHASISED.fullmatch(self.text) is not None and self._is_own(1):
            self._drop(self.text[0], self.text[-1])
            self.text = self.text[1:-1].strip()
        lines = self.text.split("\n")
        if self.text.startswith(">") and all(line[:1] in ("", ">") for line in lines):
            self._drop(*(line[:1] for line in lines))
            self.text = "\n".join(line[1:].strip() for line in lines).strip()

    def _is_own(self, at: int) -> bool:
        label = self.labels.at(self.text, at)
        return label is not None and label.name == self.own and label.form == "colon"

    def _quotes(self) -> None:
        inside = unquoted(self.text)
        if inside is not None:
            self._drop(self.text[0], self.text[-1])
            self.text = inside

    def _quote_before_label(self) -> None:
        """A quotation mark before a label, never closed: the limit of tokens cut the line."""
        first = self.text[:1]
        closing = _QUOTES.get(first, "")
        if closing and not any(mark in self.text[1:] for mark in closing) and self._is_own(1):
            self._drop(self.text[0])
            self.text = self.text[1:].lstrip()

    def _dashes(self) -> None:
        """Languages that set speech with dashes: the first is a quotation mark, the next is
        somebody else's."""
        match = _DASH.match(self.text)
        if match is None or not _FOREIGN.search(self.text):
            return
        self._drop(match.group())
        text = self.text[match.end() :]
        following = _NEXT_DASH.search(text)
        if following is not None:
            self.after.append(text[following.start() :].strip())
            text = text[: following.start()].rstrip()
        self.text = text

    # -- labels ---------------------------------------------------------------------------------

    def _own_label(self) -> None:
        said_before = _said_as(self.text, self.own)
        if said_before:
            self._drop(self.text[:said_before])
            self.text = self.text[said_before:].lstrip()
        while True:
            label = self.labels.at(self.text, 0)
            if label is None or label.name != self.own or not heads_own(label, self.text):
                return
            if label.form == "says," and unquoted(self.text[label.end :].strip()) is None:
                return
            self.text = self._without(label, self.text)

    def _without(self, label: Label, text: str) -> str:
        """A text that begins with a label, without it. Its direction stays, if words follow."""
        rest = text[label.end :].lstrip()
        direction = label.direction
        whole = text[label.start : label.end]
        if not direction or not rest:
            self._drop(whole)
            return rest
        at = whole.rindex(direction)
        self._drop(whole[:at], whole[at + len(direction) :])
        return f"{direction}{'' if direction[0] == '（' else ' '}{rest}"

    def _end_at_others(self) -> None:
        cast = self.labels.of_others(self.text, script=self.script)
        if self.continued:
            cast = [label for label in cast if label.start]
        fresh = self.script and not self.continued
        strangers = strangers_in(self.text, cast, script=self.script, fresh=fresh)
        others = [label for label in cast if label.name != self.own]
        ends = sorted([*others, *strangers], key=lambda label: label.start)
        if not ends:
            return
        start = ends[0].start
        if not self.text[:start].strip() and not self.script:
            # Others were repeated first: what is under the actor's own label is the turn.
            own = next((one for one in cast if one.name == self.own), None)
            if own is not None:
                self.before.append(self.text[: own.start].strip())
                self.text = self.text[own.start :]
                self._own_label()
                return
        self.after.append(self.text[start:].strip())
        self.strangers += [label.name for label in strangers if label.start >= start]
        self.text = self.text[:start].rstrip()

    def _later_labels(self) -> None:
        """The actor's own name again, before later paragraphs of the same turn."""
        pieces: list[str] = []
        end = len(self.text)
        for label in reversed(self.labels.of_others(self.text, small=self.own)):
            if label.name != self.own or label.start == 0:
                continue
            piece = self.text[label.start : end]
            here = replace(label, start=0, end=label.end - label.start)
            pieces.append(self._without(here, piece))
            end = label.start
        if pieces:
            pieces.append(self.text[:end])
            self.text = "".join(reversed(pieces)).strip()


def _said_as(text: str, own: str) -> int:
    """Where "As Ann, I would say:" ends at the head of a text; 0 if it is not there."""
    match = re.match(
        rf"as {re.escape(own)},? I(?:['’]d| would| might| will)? (?:say|respond|reply|answer)"
        r"[^\n:]{0,40}:",
        text,
        re.I,
    )
    return 0 if match is None else match.end()


def _announces(what: str, own: str) -> bool:
    """Whether what is said to follow is the actor's line, and not something in its speech."""
    if not _LINE_WORD.search(what):
        return False
    named = re.search(rf"(?<!\w){re.escape(own)}", what) is not None
    if re.search(r"\b(?:my|mein\w*|ma|mon|mi)\b", what, re.I):
        return named
    return named or _OF_A_PLAY.search(what) is not None


def unquoted(text: str) -> str | None:
    """What is inside quotes that stand around the whole text; None where there are none.

    >>> unquoted("“Never.”"), unquoted('"No," I said, "never."')
    ('Never.', None)
    """
    if len(text) < 2 or text[0] not in _QUOTES or text[-1] not in _QUOTES[text[0]]:
        return None
    inside = text[1:-1]
    if text[0] == "'":
        # An apostrophe looks the same: only around a sentence, with none but those within words.
        if not inside or inside[-1] not in _SENTENCE_END or re.search(r"(?<!\w)'|'(?!\w)", inside):
            return None
    elif text[0] == "‘":
        if "‘" in inside or re.search(r"’(?!\w)", inside):
            return None
    elif text[0] in inside or text[-1] in inside:
        return None
    return inside.strip()
