"""The forward filter: the posterior of one speaker's hidden character, given all lines.

A hidden Markov model with inputs: exact forward filtering, and backward sampling of a hidden path.
See ``docs/exact-stage.md``, sections 4 and 6.

*Reference.* L. R. Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 77, 1989
(forward recursion); C. K. Carter and R. Kohn, "On Gibbs sampling for state space models",
Biometrika 81, 1994 (backward sampling).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

from sim.seeds import Stream
from sim.stage.exact.acts import ACT_INDEX, ACTS, GRID, STANCED
from sim.stage.exact.claim_marks import unmarked
from sim.stage.exact.grammar import Grammar, Parse, Slots, parse
from sim.stage.exact.laws import Acting, Laws, heard_mean, stance_law, stance_mean, surfaced
from sim.stage.exact.observations import Heard
from sim.stage.exact.reader import read
from sim.stage.exact.script import Facts
from sim.stage.exact.tables import ASSISTANT, CHARACTERS, LOOP, PARTNER, SELF, SHADOW, Row

REPEAT = ACT_INDEX["repeat"]
IS_STANCED = tuple(act in STANCED for act in ACTS)


@dataclass(frozen=True, slots=True)
class Belief:
    """The filter's state for one speaker after some line.

    ``filtered`` is P(z | lines) at its last own turn, None before the first. ``turns`` counts own
    turns. ``provocation`` is the largest hostility heard since the last own turn. ``foreign``
    counts own lines outside the grammar.
    """

    filtered: Row | None = None
    turns: int = 0
    provocation: float = 0.0
    foreign: int = 0


NO_BELIEF = Belief()


@dataclass(frozen=True, slots=True)
class Situation:
    """All quantities that the distribution of the next turn depends on.

    ``predicted`` is P(z') before the turn; ``switching`` is the transition matrix K(z'|z);
    ``means`` are the mean stances m by character; ``own_lines`` and ``partner_lines`` are the lines
    that can be repeated; ``partner_stance`` is the stance that the partner expressed last;
    ``slots`` fill the frames.
    """

    acting: Acting
    switching: tuple[Row, ...]
    predicted: Row
    means: Row
    slots: Slots
    own_lines: tuple[str, ...]
    partner_lines: tuple[str, ...]
    partner_stance: float | None


class HiddenPath(NamedTuple):
    """The hidden characters and stances at the own turns of one speaker."""

    characters: tuple[int, ...]
    stances: tuple[float, ...]


class Inference:
    """The filter of one stage, by its laws and its grammar."""

    def __init__(self, laws: Laws, grammar: Grammar) -> None:
        self.laws = laws
        self.grammar = grammar

    def belief(self, facts: Facts, node: Heard) -> Belief:
        """The filter's state for the speaker of ``facts`` after the lines up to ``node``."""
        pending: list[Heard] = []
        at: Heard | None = node
        belief = NO_BELIEF
        while at is not None and at.parent is not None:
            known = at.beliefs.get(facts)
            if known is not None:
                belief = known
                break
            pending.append(at)
            at = at.parent
        for later in reversed(pending):
            belief = self._after(belief, facts, later)
            later.beliefs[facts] = belief
        return belief

    def _after(self, belief: Belief, facts: Facts, node: Heard) -> Belief:
        if node.speaker != facts.own:
            if node.hostility <= belief.provocation:
                return belief
            return Belief(belief.filtered, belief.turns, node.hostility, belief.foreign)
        assert node.parent is not None
        situation = self.situation(facts, belief, node.parent)
        likelihood = self.likelihood(situation, node)
        joint = [p * weight for p, weight in zip(situation.predicted, likelihood, strict=True)]
        total = fsum(joint)
        foreign = belief.foreign + (not node.parses)
        if total > 0.0:
            filtered = tuple(p / total for p in joint)
        else:
            # No character can say this line (the transcript was edited): it is no evidence.
            filtered = situation.predicted
            foreign += 1
        return Belief(filtered, belief.turns + 1, 0.0, foreign)

    def situation(self, facts: Facts, belief: Belief, node: Heard) -> Situation:
        """The situation of the speaker's next turn, after the lines up to ``node``."""
        laws = self.laws
        partner = node.partner(facts.own)
        own_lines = node.recent.get(facts.own, ())
        partner_lines = () if partner is None else node.recent[partner]
        acting = laws.acting(
            facts.temperament,
            belief.provocation,
            partner is not None,
            bool(own_lines),
            bool(partner_lines),
        )
        switching = laws.switching(belief.turns + 1, belief.provocation, facts.insistent, acting)
        if belief.filtered is None:
            predicted = switching[SELF]
        else:
            filtered = belief.filtered
            predicted = tuple(
                fsum([p * row[to] for p, row in zip(filtered, switching, strict=True)])
                for to in range(len(CHARACTERS))
            )
        heard = (
            node.point
            if partner is not None and node.speaker == partner and node.point is not None
            else None
        )
        name = partner or (facts.others[0] if facts.others else "friend")
        return Situation(
            acting,
            switching,
            predicted,
            self.means(facts, node, partner, facts.stance),
            Slots(facts.own, name, facts.points, heard, facts.topic),
            own_lines,
            partner_lines,
            None if partner is None else node.stances.get(partner),
        )

    def means(self, facts: Facts, node: Heard, partner: str | None, own: float) -> Row:
        """The mean stance m by character, if the persona's own stance is ``own``."""
        parameters = self.laws.parameters
        heard = heard_mean(parameters, node.stances, facts.own, own)
        mine = stance_mean(parameters, own, heard)
        theirs = node.stances.get(partner) if partner is not None else None
        means = [mine] * len(CHARACTERS)
        means[SHADOW] = stance_mean(parameters, -own, heard)
        means[ASSISTANT] = stance_mean(parameters, 0.0, heard)
        # The character ``partner`` takes over the partner's stance, if that is known.
        if theirs is not None:
            means[PARTNER] = stance_mean(parameters, theirs, heard)
        return tuple(means)

    def likelihood(self, situation: Situation, node: Heard) -> Row:
        """L(z) = P(text | z, situation), up to a factor that is the same for every z."""
        text = node.text
        own = _share(text, situation.own_lines)
        theirs = _share(text, situation.partner_lines)
        if not node.parses and not own and not theirs:
            return self._read(situation, text)
        weights: list[tuple[Parse, float]]
        if len(node.parses) == 1 and not own and not theirs:
            # P(text | act, level) is the same factor for every z.
            weights = [(node.parses[0], 1.0)]
        else:
            assert node.parent is not None
            weights = self._weights(situation, node.parent, text, node.parses)
        return self._mixed(situation, weights, own, theirs)

    def _weights(
        self, situation: Situation, before: Heard, text: str, parses: tuple[Parse, ...]
    ) -> list[tuple[Parse, float]]:
        """P(text | act, level) for each act and level of the derivations of a text."""
        used = before.used()
        weights: list[tuple[Parse, float]] = []
        seen: set[tuple[str, int | None]] = set()
        for one in parses:
            if (one.act, one.level) not in seen:
                seen.add((one.act, one.level))
                p = self.grammar.probability(text, one.act, one.level, situation.slots, used)
                weights.append((one, p))
        return weights

    def _mixed(
        self,
        situation: Situation,
        weights: list[tuple[Parse, float]],
        own: float,
        theirs: float,
    ) -> Row:
        rows, means = situation.acting.rows, situation.means
        plain: list[float] = []
        for character, row in enumerate(rows):
            terms: list[float] = []
            for one, weight in weights:
                terms.append(_said(situation, row, one) * weight)
                if one.level is not None and terms[-1]:
                    terms[-1] *= stance_law(means[character])[one.level]
            if character == LOOP:
                terms.append(row[REPEAT] * own)
            elif character == PARTNER:
                terms.append(row[REPEAT] * theirs)
            plain.append(fsum(terms))
        return _concealed(plain, situation.acting.conceal)

    def _read(self, situation: Situation, text: str) -> Row:
        """The likelihood of foreign text, by a naive Bayes classifier of its words."""
        acts = read(text).likelihood
        plain = [
            fsum([p * weight for p, weight in zip(row, acts, strict=True)])
            for row in situation.acting.rows
        ]
        return _concealed(plain, situation.acting.conceal)

    def probability(self, facts: Facts, belief: Belief, node: Heard, text: str) -> float:
        """P(text | the lines up to ``node``), summed over characters and derivations."""
        situation = self.situation(facts, belief, node)
        weights = self._weights(situation, node, text, parse(text))
        own = _share(text, situation.own_lines)
        theirs = _share(text, situation.partner_lines)
        likelihood = self._mixed(situation, weights, own, theirs)
        return fsum([p * weight for p, weight in zip(situation.predicted, likelihood, strict=True)])

    def marked_probability(self, facts: Facts, belief: Belief, node: Heard, text: str) -> float:
        """P(text with its marks); 0 unless the marks are those that follow from the line."""
        line = unmarked(text)
        if node.numbered(line, facts.own, facts.letters) != text:
            return 0.0
        return self.probability(facts, belief, node, line)

    def path(self, facts: Facts, nodes: list[Heard], stream: Stream) -> HiddenPath:
        """Draw one hidden path from p(z, x | texts), at the own turns ``nodes``.

        Backward sampling: the last character from its filtered distribution, each earlier one with
        probability proportional to its filtered probability times that of the transition to the
        next.
        """
        situations: list[Situation] = []
        filters: list[Row] = []
        for node in nodes:
            assert node.parent is not None
            situations.append(self.situation(facts, self.belief(facts, node.parent), node.parent))
            filtered = self.belief(facts, node).filtered
            assert filtered is not None
            filters.append(filtered)
        characters: list[int] = []
        for index in range(len(nodes) - 1, -1, -1):
            weights = list(filters[index])
            if characters:
                onward = situations[index + 1].switching
                weights = [p * onward[z][characters[-1]] for z, p in enumerate(weights)]
            characters.append(stream.choose(weights))
        characters.reverse()
        stances = [
            self._stance(situation, node, character, stream)
            for situation, node, character in zip(situations, nodes, characters, strict=True)
        ]
        return HiddenPath(tuple(characters), tuple(stances))

    def _stance(self, situation: Situation, node: Heard, character: int, stream: Stream) -> float:
        """Draw the stance x given the character and the text; the text may determine it."""
        own = _share(node.text, situation.own_lines)
        theirs = _share(node.text, situation.partner_lines)
        assert node.parent is not None
        weights = (
            [(node.parses[0], 1.0)]
            if len(node.parses) == 1 and not own and not theirs
            else self._weights(situation, node.parent, node.text, node.parses)
        )
        cases: list[_Case] = []
        ways = [(1.0, character)]
        if character == SHADOW:
            conceal = situation.acting.conceal
            ways = [(conceal, SELF), (1.0 - conceal, SHADOW)]
        for share, acts_as in ways:
            row, law = situation.acting.rows[acts_as], stance_law(situation.means[acts_as])
            for one, weight in weights:
                p = share * _said(situation, row, one) * weight
                if one.level is not None:
                    p *= law[one.level]
                cases.append(_Case(p, one.level, acts_as))
            repeats = own if acts_as == LOOP else theirs if acts_as == PARTNER else 0.0
            cases.append(_Case(share * row[REPEAT] * repeats, None, acts_as))
        case = cases[stream.choose([each.weight for each in cases])]
        level = case.level
        if level is None:
            level = stream.choose(stance_law(situation.means[case.acts_as]))
        return GRID[level]


class _Case(NamedTuple):
    """One way in which a text can have been produced.

    ``level`` is the stance that the text states, or None; ``acts_as`` the character as which the
    speaker acts.
    """

    weight: float
    level: int | None
    acts_as: int


def _said(situation: Situation, row: Row, one: Parse) -> float:
    """P(the act of a derivation | row), given the stance that the line states, if any."""
    act = ACT_INDEX[one.act]
    if one.level is None:
        return row[act]
    return surfaced(row, act, GRID[one.level], situation.partner_stance)


def _concealed(plain: list[float], conceal: float) -> Row:
    """The likelihoods, with the shadow's as a mixture: concealed, it acts as the self."""
    plain[SHADOW] = conceal * plain[SELF] + (1.0 - conceal) * plain[SHADOW]
    return tuple(plain)


def _share(text: str, lines: tuple[str, ...]) -> float:
    """P(text | one of these lines is repeated, all equally likely)."""
    return lines.count(text) / len(lines) if lines else 0.0
