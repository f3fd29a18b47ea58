"""When two trials are the same: what changes an id, and what does not."""

from __future__ import annotations

import functools
import json
import operator
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Actor, Persona, Scene, after, agreement, ask_stance, ring, said
from sim.errors import SceneError
from sim.layouts import render
from sim.planning import canonical, plain
from sim.scene.graph import Edge, Graph
from sim.scene.routing import LongestWait


def scene_with(condition: Callable[..., Any] | None = None, **fields: Any) -> Scene:
    edges = [
        Edge(source="Ada", target="Ben", when=condition),
        Edge(source="Ben", target="Ada"),
    ]
    given: dict[str, Any] = {
        "topic": "Tea?",
        "cast": [
            Actor(Persona(name="Ada", stances={"tea": 1.0, "milk": -0.5})),
            Actor(Persona(name="Ben")),
        ],
        "graph": Graph(names=("Ada", "Ben"), edges=tuple(edges), first="Ada"),
        "ends": after(turns=4),
        **fields,
    }
    return Scene(**given)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Write a file and import it, under another name and from another folder each time."""
    count = 0

    def load(source: str) -> ModuleType:
        nonlocal count
        count += 1
        folder = tmp_path / f"folder {count}"
        folder.mkdir()
        path = folder / f"file_{count}.py"
        path.write_text(dedent(source), "utf-8")
        spec = util.spec_from_file_location(f"file_{count}", path)
        assert spec is not None
        assert spec.loader is not None
        loaded = util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, loaded)
        spec.loader.exec_module(loaded)
        return loaded

    return load


Load = Callable[[str], ModuleType]


def test_every_field_counts() -> None:
    alike = scene_with()
    others = [
        scene_with(topic="Coffee?"),
        scene_with(words=61),
        scene_with(layout="screenplay"),
        scene_with(ends=after(turns=5)),
        scene_with(ends=after(turns=4) | said("tea")),
        scene_with(ends=after(turns=4) | said("tea", by="Ada")),
        scene_with(ends=after(turns=4) | agreement(gauge=ask_stance("tea"))),
        scene_with(probes=[ask_stance("tea")]),
        scene_with(probes=[ask_stance("tea", every=2)]),
        scene_with(routing=LongestWait()),
        scene_with(cast=[Persona(name="Ada"), Persona(name="Ben")]),
        scene_with(graph=ring("Ada", "Ben").model_copy(update={"first": "Ben"})),
        scene_with(lambda view: True),
        scene_with(lambda view: False),
    ]
    texts = [canonical(alike), *map(canonical, others)]
    assert len(set(texts)) == len(texts)
    assert canonical(scene_with()) == texts[0]


def test_it_is_json_that_says_what_was_played() -> None:
    record = json.loads(canonical(scene_with(lambda view: True)))
    assert record["cast"][0]["persona"]["stances"] == {"tea": 1.0, "milk": -0.5}
    assert record["ends"] == {"$type": "After", "turns": 4}
    assert record["routing"] == {"$type": "Walk"}
    assert record["layout"] == "persona_first"
    assert canonical(scene_with(topic="Thé? \ud800")).isascii()


def test_the_order_of_a_table_does_not_count() -> None:
    first = scene_with(
        cast=[Persona(name="Ada", stances={"a": 0.1, "b": 0.2}), Persona(name="Ben")]
    )
    second = scene_with(
        cast=[Persona(name="Ada", stances={"b": 0.2, "a": 0.1}), Persona(name="Ben")]
    )
    assert canonical(first) == canonical(second)
    # And so the prompts are the same, too.
    assert render(first, [], "Ada").digest == render(second, [], "Ada").digest


PATIENT = """
    def patient(view):
        return view.turns > 3
"""


def test_layout_of_the_source_does_not_count(module: Load) -> None:
    plainly = module(PATIENT).patient
    at_length = module(
        '''
        # A comment before.
        import os

        def patient(view):
            """Now with a docstring."""

            # and another comment
            return (view
                    .turns >
                    3)  # and one behind
        '''
    ).patient
    assert canonical(scene_with(plainly)) == canonical(scene_with(at_length))


@pytest.mark.parametrize(
    "source",
    [
        "def patient(view):\n    return view.turns > 4\n",
        "def patient(view):\n    return view.turns >= 3\n",
        "def patient(view):\n    return view.last > 3\n",
        "def patient(view, more=3):\n    return view.turns > 3\n",
        "async def patient(view):\n    return view.turns > 3\n",
        "def hasty(view):\n    return view.turns > 3\npatient = hasty\n",
        "patient = lambda view: view.turns > 3\n",
        "N = 3\ndef patient(view):\n    return view.turns > N\n",
    ],
)
def test_what_it_does_counts(module: Load, source: str) -> None:
    before = canonical(scene_with(module(PATIENT).patient))
    assert canonical(scene_with(module(source).patient)) != before


def test_values_that_a_function_depends_on_count(module: Load) -> None:
    source = """
        LIMIT = {limit}
        def deep(view):
            return view.turns > LIMIT
        def shallow(view):
            return deep(view)
        def make(limit):
            return lambda view: view.turns > limit
        def defaulted(limit):
            return lambda view, limit=limit: view.turns > limit
        def partly(limit):
            import functools
            return functools.partial(lambda view, limit: view.turns > limit, limit=limit)
    """
    three, four = module(source.format(limit=3)), module(source.format(limit=4))
    again = module(source.format(limit=3))
    for get in (
        lambda file: file.deep,
        lambda file: file.shallow,
        lambda file: file.make(file.LIMIT),
        lambda file: file.defaulted(file.LIMIT),
        lambda file: file.partly(file.LIMIT),
    ):
        assert plain(get(three), "x") == plain(get(again), "x")
        assert plain(get(three), "x") != plain(get(four), "x")


def test_lambdas_that_share_a_line_are_told_apart(module: Load) -> None:
    file = module(
        """
        PAIR = (lambda view: view.turns > 1, lambda view: view.turns > 2)
        ÄLTER = {"ü": lambda view: view.turns > 1, "☕": lambda view: view.turns > 2}
        NEST = lambda: lambda view: view.turns > 2
        CALL = dict(
            when=lambda view: (
                view.turns > 2
            ),
        )
        """
    )

    def syntax(function: Any) -> str:
        digest: str = plain(function, "x")["syntax"]
        return digest

    one, two = file.PAIR
    assert syntax(one) != syntax(two)
    assert [syntax(entry) for entry in file.ÄLTER.values()] == [syntax(one), syntax(two)]
    assert syntax(file.NEST()) == syntax(two) == syntax(file.CALL["when"])
    assert syntax(file.NEST) not in (syntax(one), syntax(two))


def test_functions_that_call_themselves(module: Load) -> None:
    file = module(
        """
        def ping(view):
            return pong(view)
        def pong(view):
            return ping(view)
        """
    )
    assert plain(file.ping, "x")["globals"]["pong"]["globals"]["ping"] == {"$again": "ping"}


ROUTER = """
    from dataclasses import dataclass
    @dataclass(frozen=True)
    class Mine:
        patience: int = 2
        def start(self, floor):
            return floor
        def heard(self, state, turn, seat):
            return state
        def next(self, state, view, seed):
            return (seed % {modulus},)
"""


def test_a_router_of_ones_own(module: Load) -> None:
    two, three = module(ROUTER.format(modulus=2)), module(ROUTER.format(modulus=3))
    again = module(ROUTER.format(modulus=2) + "\n    # a comment\n")
    text = canonical(scene_with(routing=two.Mine()))
    assert canonical(scene_with(routing=again.Mine())) == text
    assert canonical(scene_with(routing=three.Mine())) != text
    assert canonical(scene_with(routing=two.Mine(patience=3))) != text


def test_builtins_are_known_by_name() -> None:
    assert plain(operator.not_, "x") == {"$builtin": "_operator.not_"}
    assert plain(functools.partial(max, 1), "x")["args"] == [1]
    assert plain("abc".startswith, "x")["self"] == "abc"


def test_no_source(module: Load) -> None:
    space: dict[str, Any] = {}
    exec("def ghost(view):\n    return True", space)  # noqa: S102 - a function without a file
    with pytest.raises(SceneError, match=r"Scene\.graph\.edges\.0\.when: the source of ghost"):
        canonical(scene_with(space["ghost"]))


def test_a_value_without_plain_form() -> None:
    lock = object()

    def guarded(view: object) -> bool:
        return lock is view

    with pytest.raises(SceneError, match=r"lock, which .*guarded closes over.*has no plain value"):
        canonical(scene_with(guarded))


plains = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.dictionaries(st.integers(), inner, max_size=2)
    ),
    max_leaves=8,
)


def typed(value: Any) -> Any:
    """A key that tells 1, 1.0 and True apart, as == does not."""
    if isinstance(value, dict):
        return frozenset((typed(key), typed(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(typed(item) for item in value)
    return type(value), repr(value)


@given(plains, plains)
def test_different_values_have_different_texts(one: Any, other: Any) -> None:
    def text(value: Any) -> str:
        return json.dumps(plain(value, "x"), sort_keys=True, allow_nan=False)

    assert (text(one) == text(other)) == (typed(one) == typed(other))
