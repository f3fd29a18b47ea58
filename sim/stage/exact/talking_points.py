"""What a speaker brings up: noun phrases that the author stated or that the prompt contains.

A few rules extract them, without a parser. A phrase starts at a determiner ("the", "my", "thirty")
or a bare plural, takes the words that can belong to a noun phrase, may join a second phrase by
"of", "at" or "in", and stops at anything that looks like a verb. The rules rather miss a phrase
than accept a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

FALLBACK: Final = "the matter before us"
"""The talking point if there is no other."""

_ENOUGH: Final = 3


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_THE: Final = _words("the this that these those")
_MINE: Final = _words("my our your his her")
_THEIR: Final = _words("their its")
_ONE: Final = _words("a an")
_NUMBERS: Final = _words(
    "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty"
    " sixty seventy eighty ninety hundred thousand million"
)
_DETERMINERS: Final = _THE | _MINE | _THEIR | _ONE | _NUMBERS

# Words that end a phrase: function words, pronouns, connectives.
_STOPS: Final = _words(
    """
    about above across after against all along also although always am among and another any
    anyone anything are around as at away back be because been before behind being below between
    both but by can cannot could did do does done down during each either else enough even ever
    every everyone everything few for from had has have he hence here how however i if in inside
    instead into is it itself just less like many may me might mine more most much must near
    neither never no nobody none nor not nothing now of off often on once only or other others
    ought out outside over own per perhaps quite rather really same shall she should since so
    some somebody someone something soon still such than that their them then there they though
    through thus till to together too toward towards under unless until up upon us very was we
    were what whatever when where whether which while who whoever whom whose why will with
    within without would yes yet you yourself himself herself themselves myself ourselves them
    him hers ours yours theirs again ago almost already anyway cannot cant dont doesnt didnt
    wont isnt arent
    """
)

# Verbs that are hardly ever nouns, and verbs that often stand after a subject in briefs and topics.
_VERBS: Final = _words(
    """
    abolish accept achieve add admit adopt agree allow appear apply appoint approve argue argues
    arrive ask asks avoid ban bans banned beat became become becomes began begin believe
    believes belong belongs bought break bring broke brought build builds built buy buys came
    care cares carry carries choose chose close come comes consider continue convince create cut
    cuts dare decide decides defend defends deny deserve destroy die died dislike dislikes
    distrust distrusts do drink drive drove earn earns eat elect eliminate end enjoy enter exist
    exists expand explain face faces fails fall fear fears feel feels fell felt find finds
    follow forbid forgave forgive forgot forget fought found gave get gets give gives go goes
    got govern grant grew grow grows guide has hate hates have hear heard hears hide hold holds
    hopes ignore imagine improve insist insists inspect introduce invest join keep keeps kept
    kill knew know knows lead leads learn learned left legalise legalize let lets lie lies
    listen live lived lives lose loses lost love loved loves made maintain make makes mean means
    measure meet met move moved must need needs negotiate obey offer open oppose opposes owe
    owes own owns paid pay pays permit persuade play played prefer prevent prohibit promise
    promised promises promote propose protect prove provide pull push raise ran rather reach
    read receive recognise refuse refuses regulate reject remain remember remove repeal replace
    require requires resign resist respect rule run runs said sat save saw say says see seek
    sees seem seems sell sells send sent serve served set sets shall sign sing sit sits sleep
    sold solve speak speaks spend spent stand stands start stay stays stood stop stops subsidise
    subsidize suffer suggest take takes taught teach teaches tell tells tend think thinks
    thought threaten told took treat tried tries trust trusts try understand use uses visit want
    wanted wants was wear welcome went were win wins wish wishes won works worries wrote write
    writes is are adds merge merges corrupts knows leaks
    """
)

# Of these, some are good nouns right after a determiner or an adjective: "the offer", "my care".
_NOUN_TOO: Final = _words(
    """
    ban bans beat care close cut cuts drink drive end face fall fear fears hate hopes lead lie
    lies love move need needs offer play promise promises rule run set sign sleep stand start
    stay stop stops trust use uses visit wants welcome win wins wish wishes works worries
    respect measure found guide hold open pay present left lives
    """
)

# Heads too empty to bring up.
_EMPTY: Final = _words(
    """
    way ways thing things time times side sides people person one ones others question questions
    debate discussion room rest lot bit kind sort matter house motion point points case fact
    facts reason reasons moment man woman others order place same first last next other most
    best worst more less few day course whole example chance number part role character goal
    goals topic argument arguments opposite audience scene conversation speaker speakers opinion
    opinions view views everyone name truth position persona participant participants player
    players actor actors opponent opponents voter voters idea ideas vote votes means seems goes
    terms yes always perhaps words
    """
)

# What may follow a noun without belonging to it: "keep the captain calm", "hit by a van twice".
_AFTER: Final = _words(
    "safe calm alive dead alone free late clean twice forever today tomorrow tonight yesterday"
    " quiet happy open shut afloat honest possible better worse right wrong ready later early clear"
)

_PEOPLE: Final = _words("men women people children")
_PLACES: Final = _words("in on at by with into near under inside")

_JOINTS: Final = _words("of at in")
_PARTICIPLES: Final = re.compile(r"[a-z]{3,}(?:ed|ing)$")
_NOUNS_IN_ING: Final = _words(
    "building king ring spring string thing evening morning wedding ceiling railing painting"
    " meeting housing funding training parking mining farming fishing hunting voting bed seed weed"
    " feed need speed breed shed sled drawing crossing clearing landing warning recording reading"
    " wing schooling spending lending banking wiring lighting heating"
)
_TOKEN: Final = re.compile(r"[^\W_](?:[\w'’-]*(?:(?<=s)['’]|\w))?|[.,;:!?()\[\]\"“”/—–\n]")
_BEING: Final = _words("are am is as be being was were become becomes became")
_SUBJECTS: Final = _words(
    "i you he she it we they who that which nobody somebody everybody anybody everyone someone"
)
_POSSESSIVE: Final = re.compile(r"['’]s?$")
_PLURAL: Final = re.compile(r"[a-z'-]{3,}s$")
_NOT_PLURAL: Final = re.compile(r"(?:ss|us|is|ous|ics|'s|’s)$")


def clean(point: str) -> str:
    """A point as it can stand inside a sentence.

    >>> clean("  The water\\n table. ")
    'the water table'
    """
    point = " ".join(point.split()).strip(" .,;:!?…-–—")
    first, space, rest = point.partition(" ")
    # "The well" but not "Ada's well": only little words are certain to be no names.
    if space and first.lower() in _DETERMINERS | _STOPS:
        return f"{first.lower()}{space}{rest}"
    return point


def _verb(word: str, lower: str, after_determiner: bool) -> bool:
    if lower in _VERBS:
        return not (after_determiner and lower in _NOUN_TOO)
    if _PARTICIPLES.fullmatch(word) and lower not in _NOUNS_IN_ING:
        return not after_determiner  # "the flooded valley", but "the valley flooded"
    return False


def _plural(word: str, lower: str) -> bool:
    return bool(
        _PLURAL.fullmatch(word)
        and not _NOT_PLURAL.search(word)
        and lower not in _VERBS
        and lower not in _STOPS
        and lower not in _EMPTY
    )


def _chunk(tokens: Sequence[str], start: int) -> tuple[list[str], int]:
    """The words of a noun phrase from ``start``, and the index after them."""
    words: list[str] = []
    at = start
    while at < len(tokens) and len(words) < 4:
        word = tokens[at]
        lower = word.lower()
        if not word[0].isalnum() or lower in _STOPS or lower in _DETERMINERS - _NUMBERS:
            break
        if _verb(word, lower, after_determiner=not words):
            break
        if words and (lower in _AFTER or (lower.endswith("ly") and lower != "family")):
            break  # "the town quietly sold"
        words.append(word)
        at += 1
        # A plural ends its phrase, unless it is the first of a compound we cannot tell from it.
        if _plural(word, lower) and at < len(tokens) and not _plural(tokens[at], tokens[at]):
            break
    return words, at


def _own(determiner: str) -> str:
    if determiner in _MINE:
        return "our" if determiner == "our" else "my"
    return "the" if determiner in _THEIR | _THE else determiner


def _role(tokens: Sequence[str], at: int, end: int, fresh: bool, topic: bool) -> bool:
    """Whether the phrase at ``at`` says who somebody is, and so is no talking point.

    "A hydrologist who ...", "You are the mayor", "Lena, a student", "The cellist. Plays ...".
    """
    lower, before = tokens[at].lower(), tokens[at - 1].lower() if at else ""
    if before in _BEING or (lower in _ONE and before in _PLACES):
        return True
    if lower in _ONE:
        return fresh or (before == "," and at < 5) or tokens[0].lower() in _BEING
    if lower == "the" and fresh and not topic:
        following = [t.lower() for t in tokens[end : end + 8]]
        return bool({"who", "whose"} & set(following)) or following[:1] in (["of"], ["."], [","])
    return False


def _phrases(text: str, topic: bool) -> Iterator[tuple[int, str]]:
    """Pairs of a rank and a phrase: rank 0 has a determiner, rank 1 is a bare plural."""
    tokens = _TOKEN.findall(text)
    at = 0
    fresh = True  # at the start of a sentence
    while at < len(tokens):
        word = tokens[at]
        lower = word.lower()
        if not word[0].isalnum():
            fresh = word in ".!?:;\n" or fresh
            at += 1
            continue
        before = tokens[at - 1].lower() if at else ""
        if lower in _DETERMINERS or (word.isdigit() and len(word) < 4):
            words, end = _chunk(tokens, at + 1)
            role = _role(tokens, at, end, fresh, topic)
            if words and words[-1].lower() not in _EMPTY and _sound(words, lower):
                phrase, end = _joined(tokens, [_own(lower), *words], end)
                if not role:
                    yield 0, phrase
            at = max(end, at + 1)
        elif not fresh and _plural(word, lower) and before not in _SUBJECTS:
            phrase, end = _joined(tokens, [*_qualifier(tokens, at), word], at + 1)
            yield 1, phrase
            at = end
        else:
            at += 1
        fresh = False


def _qualifier(tokens: Sequence[str], at: int) -> list[str]:
    """The word before a bare plural, if it seems to be part of the phrase: "traffic lights"."""
    word = tokens[at - 1]
    lower = word.lower()
    opens = at < 2 or not tokens[at - 2][0].isalnum()  # more likely a verb: "Protect jobs"
    alien = lower in _STOPS | _DETERMINERS | _VERBS | _AFTER or _PARTICIPLES.fullmatch(lower)
    if opens or alien or not word[0].isalpha() or lower.endswith(("ly", "s")):
        return []
    return [word]


def _sound(words: Sequence[str], determiner: str) -> bool:
    """Whether the words can end a phrase: the last is no possessive and no number."""
    last = words[-1].lower()
    if _POSSESSIVE.search(words[-1]) or last in _NUMBERS or last.isdigit():
        return False
    if determiner in _NUMBERS or determiner.isdigit():
        return _plural(words[-1], last) or last in _PEOPLE
    return not (determiner == "that" and len(words) == 1)


def _joined(tokens: Sequence[str], words: list[str], end: int) -> tuple[str, int]:
    """The phrase with one following "of ...", "at ..." or "in ...", and the index after it."""
    if end + 1 < len(tokens) and tokens[end].lower() in _JOINTS:
        joint, following = tokens[end].lower(), tokens[end + 1].lower()
        if joint == "in" and words[0] in _MINE:
            return " ".join(words), end  # "lost my brother in the collapse"
        if following in _DETERMINERS:
            more, stop = _chunk(tokens, end + 2)
            if more and _sound(more, following) and more[-1].lower() not in _EMPTY:
                return " ".join([*words, joint, _own(following), *more]), stop
        elif joint == "of":
            more, stop = _chunk(tokens, end + 1)
            if more and _sound(more, "of") and more[-1].lower() not in _EMPTY:
                return " ".join([*words, joint, *more]), stop
    return " ".join(words), end


_TITLE: Final = re.compile(r"[^\W\d_][\w'’-]*(?: [\w'’-]+){0,4}")
_IS_IT: Final = re.compile(r"(?:is|are) ((?:[a-z]+ ){1,3}?)an? ", re.IGNORECASE)


def _titled(topic: str) -> Iterator[str]:
    """The phrase of a topic that is a noun phrase ("Nuclear power") or asks "Is wine a food?"."""
    topic = " ".join(topic.split())
    words = topic.lower().split(" ")
    asked = _IS_IT.match(topic)
    if (
        asked
        and (_STOPS - {"will"}).isdisjoint(asked[1].split())
        and asked[1].split()[0] not in _DETERMINERS
    ):
        yield asked[1].strip()
    elif (
        _TITLE.fullmatch(topic)
        and words[0] not in _DETERMINERS | _EMPTY
        and words[-1] not in _EMPTY
        and (len(words) == 1 or words[1] not in _DETERMINERS)
        and _VERBS.isdisjoint(words)
        and (_STOPS - _words("for from in of on to with at")).isdisjoint(words)
    ):
        # The first capital is kept only if other words have one, too.
        rest = topic[1:]
        yield topic[0].lower() + rest if " " in topic and rest == rest.lower() else topic


def _named(topic: str) -> Iterator[str]:
    """The names in a topic, by their capitals: "Mars" in "Should we colonise Mars?"."""
    for capitalised in re.finditer(r"(?<=[^\W_] )[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*)*", topic):
        words: list[str] = []
        for word in [*capitalised.group().split(" "), ""]:
            if word[:1].isupper() and word.lower() not in _STOPS | _VERBS | _EMPTY:
                words.append(word)
                continue
            if words:
                yield " ".join(words)
            words = []


def _unique(points: Iterable[str]) -> list[str]:
    kept: dict[str, str] = {}
    for point in points:
        if point:
            kept.setdefault(point.lower(), point)
    return list(kept.values())


def talking_points(stated: Sequence[str], *texts: str, limit: int = 8) -> tuple[str, ...]:
    """The points a speaker can bring up: the stated ones and, if they are few, phrases of texts.

    At least one and at most ``limit``. The texts (the topic first, then a brief, goals) are
    searched in order; their phrases with a determiner come before their bare plurals.

    >>> talking_points(["The water table."], limit=1)
    ('the water table',)
    >>> talking_points((), "A hydrologist who measured the spring for thirty years.")
    ('the spring', 'thirty years')
    >>> talking_points((), "Should humanity colonise Mars?")
    ('Mars',)
    >>> talking_points(())
    ('the matter before us',)
    """
    points = _unique(clean(point) for point in stated)
    if len(points) < _ENOUGH:
        ranked = [one for at, text in enumerate(texts) for one in _phrases(text, topic=at == 0)]
        phrases = list(_titled(texts[0])) if texts else []
        phrases += [clean(p) for rank in (0, 1) for r, p in ranked if r == rank]
        for point in phrases:
            # "the spring" adds nothing to "the old spring"
            if not any(_tail(point, other) or _tail(other, point) for other in points):
                points = _unique([*points, point])
    if not points and texts:
        points = _unique(_named(" ".join(texts[0].split())))
    return tuple(points[: max(limit, 1)]) or (FALLBACK,)


def _tail(a: str, b: str) -> bool:
    """Whether ``a`` without its determiner ends ``b``, or is all of it."""
    bare = a.lower().split(" ", 1)[-1]
    return b.lower() == bare or b.lower().endswith(f" {bare}")
