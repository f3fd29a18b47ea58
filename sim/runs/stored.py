"""Forks of a stored trial, and questions to its actors, kept in the same store."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import BadRequest
from sim.planning.branches import Change, branch_trials, dropped
from sim.runs.ask import AskReport, Respondents, ask_actors
from sim.runs.options import RunOptions
from sim.runs.results import Results
from sim.runs.run import wait_for
from sim.runs.stages import close_all, open_cast, reopen, stages_of
from sim.runs.trials import run_trials
from sim.scene.actor import HUMAN
from sim.scene.answers import AnyAnswer, FreeText
from sim.scene.interventions import Intervention, Restage
from sim.scene.probes import Question, literal
from sim.store import StoredTrial


async def afork(
    trial: StoredTrial,
    *,
    at: int,
    n: int = 20,
    change: Change = (),
    drop: bool = False,
    label: str = "",
    turns: int | None = None,
    options: RunOptions | None = None,
) -> Results:
    """``fork``, inside an event loop: ``branches = await afork(trial, at=7)``."""
    how = options or RunOptions()
    transcript = trial.transcript
    changes = [change] if isinstance(change, Intervention) else list(change)
    if drop:
        changes.append(dropped(transcript, at))
    if HUMAN in trial.stages.values():
        raise BadRequest(
            f"trial {trial.id[:8]}: a person plays in it, and cannot play its branches; "
            "fork a trial without one"
        )
    stages = reopen(stages_of([trial]), how.asking)
    named = [each.stage for each in changes if isinstance(each, Restage) and each.stage]
    cast = open_cast(named, stages, how.asking)
    planned = branch_trials(
        trial.planned(), transcript, at=at, n=n, change=changes,
        label=label or _label(changes, drop), turns=turns, stages=cast.identities,
    )  # fmt: skip
    every = {**stages, **cast.stages}
    try:
        return Results(await run_trials(planned, every, trial.store.path, how))
    finally:
        await close_all(every.values())


def fork(
    trial: StoredTrial,
    *,
    at: int,
    n: int = 20,
    change: Change = (),
    drop: bool = False,
    label: str = "",
    turns: int | None = None,
    options: RunOptions | None = None,
) -> Results:
    """Play what follows ``n`` times, from turn ``at`` of a stored trial on. Kept in its store.

    ``change`` are interventions for the branches; ``drop`` strikes the turn. Without either, the
    turn is generated again. Branches of one ``label`` are one arm; it names what was changed unless
    it is given. ``turns`` ends each branch after so many turns of its own. The model is asked as it
    was when the trial was played.

    In a running event loop use ``await afork(...)``. Raises ``BadRequest`` if there is no such
    turn, or if the scene or the model cannot be opened again.

    >>> import tempfile
    >>> from sim import run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = run("cross_purposes", trials=1, store=f"{folder}/x.db")
    ...     branches = fork(results.trials[0], at=3, n=4, drop=True)
    ...     [branch.turns[2].text for branch in branches.transcripts]
    ['', '', '', '']
    """
    return wait_for(
        "fork",
        afork(
            trial, at=at, n=n, change=change, drop=drop, label=label, turns=turns, options=options
        ),
    )


def _label(changes: Sequence[Intervention], drop: bool) -> str:
    """The label of branches that were given none: the same that the command gives."""
    if drop and len(changes) == 1:
        return "drop"
    return ", ".join(each.what for each in changes) or "reroll"


async def aask(
    trial: StoredTrial,
    question: str | Question,
    *,
    actors: Sequence[str] | None = None,
    at: int | None = None,
    samples: int = 1,
    answer: AnyAnswer | None = None,
    options: RunOptions | None = None,
) -> AskReport:
    """``ask``, inside an event loop: ``report = await aask(trial, "Why?")``."""
    how = options or RunOptions()
    if isinstance(question, str):
        words = literal(question).replace("{{name}}", "{name}")
        question = Question(key=f"ask:{question}", text=words, answer=answer or FreeText())
    stages = reopen(stages_of([trial]), how.asking)
    whom = Respondents([trial.id], actors, at, samples)
    try:
        return await ask_actors(trial.store.path, stages, question, whom, how)
    finally:
        await close_all(stages.values())


def ask(
    trial: StoredTrial,
    question: str | Question,
    *,
    actors: Sequence[str] | None = None,
    at: int | None = None,
    samples: int = 1,
    answer: AnyAnswer | None = None,
    options: RunOptions | None = None,
) -> AskReport:
    """Put a question, off stage, to actors of a stored trial as they were after turn ``at``.

    ``actors`` are names (None: the whole cast), ``at`` counts turns (None: at the end). A question
    in a text may hold ``{name}``, and is answered freely unless ``answer`` gives it a form. The
    answers are kept as probes of the trial; what is there is not asked again.

    In a running event loop use ``await aask(...)``.

    >>> import tempfile
    >>> from sim import run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = run("cross_purposes", trials=1, store=f"{folder}/x.db")
    ...     report = ask(results.trials[0], "Why, {name}?", at=4)
    >>> [(each.answer.actor, each.answer.turn) for each in report.answers]
    [('Ines', 4), ('Otto', 4)]
    """
    return wait_for(
        "ask",
        aask(
            trial, question, actors=actors, at=at, samples=samples, answer=answer, options=options
        ),
    )
