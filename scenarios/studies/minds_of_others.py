"""H4: actors model each other, also when one stage plays both."""

from __future__ import annotations

from scenarios.quarrel import QUARRELS, quarrel
from sim import Arm, Contrast, Study, Twin


def minds_of_others(turns: int = 8, topics: int = 3) -> Study:
    """H4: actors guess each other's private views better than without a mind of the other.

    With 6 ``topics`` what is found is generalised over topics, and takes some 20 seeds of each.
    """
    played = {"turns": turns, "every": turns, "samples": 3, "guesses": True}
    open_ = {"open": 1.0}
    return Study(
        name="minds_of_others",
        question="Actors guess each other's private views better than their own view, or the mean "
        "of everybody, would let them.",
        source="Premack and Woodruff 1978; false consensus as a null: Ross, Greene and House 1977.",
        known="Language models do well on written tasks of false belief and worse when they are "
        "told another way (arXiv 2310.15421, as cited).",
        refuted_by="A guess is no nearer to the other's private answer than the guesser's own "
        "answer, or than the mean of all others. What is no nearer than the other's public words, "
        "or than a spectator without a persona who heard the same, needs no mind of another: "
        "these are reported beside it.",
        arms={
            "open": Arm(scenario=quarrel, parameters=played),
            "masked": Arm(scenario=quarrel, parameters={**played, "masked": True}),
        },
        topics={about: {"about": about} for about in list(QUARRELS)[:topics]},
        primary=(
            Contrast(
                measure="theory_of_mind.gain_own",
                negated="same",
                weights=open_,
                about="error of one's own view less that of the guess",
            ),
            Contrast(
                measure="theory_of_mind.gain_mean",
                negated="same",
                weights=open_,
                about="error of the mean of all others less that of the guess",
            ),
        ),
        exploratory=(
            Contrast(
                measure="theory_of_mind.gain_public",
                negated="same",
                weights=open_,
                about="error of the other's last public words less that of the guess",
            ),
            Contrast(
                measure="theory_of_mind.gain_spectator",
                negated="same",
                weights=open_,
                about="error of a spectator without a persona less that of the guess",
            ),
            Contrast(
                measure="theory_of_mind.gain_as",
                negated="same",
                weights=open_,
                about="error of the stage in the other's place, from public lines alone, less that "
                "of the guess",
            ),
            Contrast(
                measure="theory_of_mind.gain_public",
                negated="same",
                weights={"masked": 1},
                about="the same against public words, where one of the two says aloud the opposite "
                "of what it thinks: inference, or a leak of its persona into another's prompt",
            ),
            Contrast(
                measure="theory_of_mind.gain_spectator",
                negated="same",
                weights={"masked": 1},
                about="the same against a spectator, behind the mask",
            ),
        ),
        seeds=15,
        stages={"stage": "embedded:base?projection=0.1"},
        planted=Twin(
            why="A guess follows what the other was heard to say, and hardly one's own view.",
            stages={"stage": "embedded:base?projection=0.1"},
        ),
        absent=Twin(
            why="A guess is one's own view, whatever the other said (projection 1).",
            stages={"stage": "embedded:base?projection=1"},
        ),
        cannot="Nothing beyond public words: a guess on the embedded stage is made of the last "
        "line heard and of one's own view, so nobody sees behind a mask. A spectator without a "
        "persona has no issue there and answers 0, so the gain over it is none of minds.",
    )
