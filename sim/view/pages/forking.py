"""Forking at a turn: the form, what it would take, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.html import Html, Table, element, joined, name, table
from sim.html.markup import Part
from sim.html.numbers import counted, interval, number, share
from sim.store import StoredTrial
from sim.view.forks import CHANGES, MOST_BRANCHES, Forks, Job
from sim.view.library import Library
from sim.view.pages.alternatives import WHO
from sim.view.pages.frame import address, frame, trail
from sim.view.pages.trial import money


@dataclass(frozen=True)
class Form:
    """What the form shows: what was filled in, what it would take, and what is wrong."""

    fields: Mapping[str, str]
    estimates: Sequence[Mapping[str, Any]] | None = None
    command: str = ""
    wrong: str = ""
    speakers: Sequence[str] = field(default_factory=tuple)
    said: str = ""


def fork_page(library: Library, trial: StoredTrial, short: str, forks: Forks, form: Form) -> str:
    """The page with the form."""
    at = form.fields.get("at", "1")
    there = address("trial", trial.id, fragment=f"t-{at}" if at.isdecimal() else "")
    why = forks.allowed.why_not(trial)
    return frame(
        f"Fork {short}",
        trail(("/", "Trials"), (there, short)),
        element("h1", f"What if, at turn {at[:9]}?"),
        element("p", form.said[:1_000], class_="topic", dir="auto") if form.said else None,
        element("p", why, class_="warning") if why else _form(trial, form),
        store=library.path,
        page="fork",
        up=there,
    )


def _form(trial: StoredTrial, form: Form) -> Html:
    fields = form.fields
    chosen = fields.get("change", "reroll")
    changes = [
        element(
            "label",
            element("input", type="radio", name="change", value=change, checked=change == chosen),
            f" {words}",
        )
        for change, words in CHANGES.items()
    ]
    people = [
        element("option", who, value=who, selected=who == fields.get("speaker"))
        for who in form.speakers
    ]
    return element(
        "form",
        element("fieldset", element("legend", "What is different"), changes, class_="choices"),
        element(
            "div",
            element(
                "label",
                element("span", "Who says it"),
                element("select", element("option", "nobody", value=""), people, name="speaker"),
            ),
            element(
                "label",
                element("span", "To whom, if it is whispered"),
                element("input", name="to", value=fields.get("to", ""), maxlength="400"),
            ),
            class_="fields of-line",
        ),
        element(
            "label",
            element("span", "The words"),
            element("textarea", fields.get("text", ""), name="text", rows="3", maxlength="20000"),
            class_="of-words",
        ),
        element(
            "div",
            _numeric("at", "Turn", fields.get("at", "1"), 1, None),
            _numeric(
                "branches", "Branches in each arm", fields.get("branches", "8"), 1, MOST_BRANCHES
            ),
            _numeric("turns", "Turns each (blank: to the end)", fields.get("turns", ""), 1, None),
            class_="fields",
        ),
        element("p", form.wrong, class_="warning", role="alert") if form.wrong else None,
        _estimate(form) if form.estimates is not None else None,
        element(
            "p",
            element("button", "What would it take?", name="do", value="estimate"),
            " ",
            element("button", "Play it", name="do", value="play", class_="main")
            if form.estimates is not None
            else None,
        ),
        element(
            "p",
            "Two arms are played: with the change, and without it. Branches of one number have the "
            "same draws in both, so that they can be compared in pairs.",
            class_="muted small",
        ),
        method="post",
        action=address("trial", trial.id, "fork"),
        class_="fork-form",
        id="fork-form",
    )


def _numeric(field_name: str, words: str, value: str, least: int, most: int | None) -> Html:
    return element(
        "label",
        element("span", words),
        element(
            "input",
            type="number",
            name=field_name,
            value=value,
            min=least,
            max=most,
            inputmode="numeric",
        ),
    )


def _estimate(form: Form) -> Html:
    rows: list[Sequence[object]] = []
    for each in form.estimates or ():
        usage = each.get("usage") or {}
        usd = usage.get("usd")
        tokens = (usage.get("prompt_tokens") or 0) + (usage.get("completion_tokens") or 0)
        rows.append(
            [
                each.get("model"),
                each.get("trials"),
                each.get("there"),
                each.get("calls"),
                tokens,
                "unknown" if usd is None else "free" if usd == 0 else money(usd),
            ]
        )
    told = Table(["model", "branches", "there already", "calls", "tokens", "cost"], rows)
    return element(
        "div",
        element("h2", "What it would take"),
        element("div", table(told), class_="scroll"),
        element("p", element("code", form.command), class_="small"),
        element("input", type="hidden", name="estimated", value=form.command),
        class_="estimated",
        role="status",
    )


def job_page(library: Library, job: Job) -> str:
    """The page of a fork that is played, or was."""
    asked = job.asked
    there = address("trial", asked.trial, fragment=f"t-{asked.at}")
    tree = address("trial", asked.trial, "tree")
    alternatives = address("trial", asked.trial, "turn", asked.at)
    parts: list[Part] = [
        trail(("/", "Trials"), (there, asked.trial[:8])),
        element("h1", f"Turn {asked.at}"),
        element("p", f"What is different: {CHANGES[asked.change]}.", class_="lede"),
        element("p", element("code", job.command), class_="small"),
    ]
    if job.state == "playing":
        parts += [
            element("p", "It is being played.", class_="lede", role="status"),
            element(
                "form",
                element("button", "Stop it"),
                method="post",
                action=address("forks", job.number, "stop"),
            ),
        ]
    elif job.state != "done":
        parts.append(element("p", job.told or job.state, class_="warning", role="alert"))
    else:
        parts += _results(job)
    parts.append(
        element(
            "p",
            element("a", "The tree of branches", href=tree, id="to-tree"),
            " · ",
            element("a", "the alternatives of this turn", href=alternatives),
            " · ",
            element("a", "back to the line", href=there),
        )
    )
    return frame(
        "Fork", *parts, store=library.path, page="job", up=there, facts={"state": job.state}
    )


def _results(job: Job) -> list[Part]:
    record = job.record
    told: Sequence[str] = record.get("told") or ["one", "other"]
    rows: list[Sequence[object]] = [
        [
            each.get("outcome"),
            _told(each.get("one")),
            _told(each.get("other")),
            _told(each.get("difference")),
            each.get("pairs"),
        ]
        for each in record.get("outcomes") or ()
    ]
    found = Table(["what", *map(str, told[:2]), "difference", "pairs"], rows)
    parts: list[Part] = [
        element(
            "div", table(found), class_="scroll", role="region", aria_label="Results", tabindex="0"
        ),
        element("p", "Estimates with 95% intervals.", class_="muted small"),
    ]
    appears = record.get("appears")
    if isinstance(appears, dict):
        of = appears.get("of") or 0
        counts = appears.get("counts") or {}
        shown = ", ".join(
            f"{who} {share(counts[who] / of)}" for who in WHO if counts.get(who) and of
        )
        parts.append(
            element(
                "p", f"Who appears at this turn: {shown} ({counted(of, 'branch', 'branches')})."
            )
        )
    for label, some in zip(told, record.get("trials") or (), strict=False):
        parts.append(
            element(
                "p",
                element("b", name(label)),
                ": ",
                [
                    joined(
                        element(
                            "a",
                            each,
                            href=address("compare", a=job.asked.trial, b=each),
                            class_="branch",
                        ),
                        " ",
                    )
                    for each in some[:60]
                ],
                class_="small",
            )
        )
    return parts


def _told(estimate: Any) -> str:
    if not isinstance(estimate, dict):
        return number(None)
    limits = interval(estimate.get("low"), estimate.get("high"))
    return f"{number(estimate.get('estimate'))} {limits}".strip()
