"""Files of personas: what is read, in four formats, and how mistakes are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import BadRequest
from sim.scene.persona import Persona
from sim.scene.persona_files import personas_schema, read_personas, write_personas

ADA = {"name": "Ada", "brief": "A hydrologist.", "traits": ["dry", "patient"],
       "stances": {"sell": -0.8}, "goals": ["save the spring"], "secret": "She sold it.",
       "voice": "clipped", "opposite": "A dowser.", "opposites": ["A salesman."],
       "attributes": {"age": 41, "city": "Trier", "owner": True}}  # fmt: skip
FILES = {
    "list.json": json.dumps([ADA]),
    "table.json": json.dumps({"personas": [ADA]}),
    "named.json": json.dumps({"Ada": {k: v for k, v in ADA.items() if k != "name"}}),
    "list.yaml": """
- name: Ada
  brief: A hydrologist.
  traits: [dry, patient]
  stances: {sell: -0.8}
  goals: save the spring
  secret: She sold it.
  voice: clipped
  opposite: A dowser.
  opposites: [A salesman.]
  attributes: {age: 41, city: Trier, owner: true}
""",
    "table.toml": """
[[personas]]
name = "Ada"
brief = "A hydrologist."
traits = ["dry", "patient"]
stances = {sell = -0.8}
goals = ["save the spring"]
secret = "She sold it."
voice = "clipped"
opposite = "A dowser."
opposites = ["A salesman."]
attributes = {age = 41, city = "Trier", owner = true}
""",
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(FILES))
def test_formats_say_the_same(name: str, tmp_path: Path) -> None:
    assert read_personas(written(tmp_path, name, FILES[name])) == (Persona(**ADA),)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_has_a_row_each(separator: str, tmp_path: Path) -> None:
    head = ["name", "brief", "traits", "stance:sell", "age", "city"]
    cells = ["Ada", "A hydrologist, of sorts", "dry; patient", "-0.8", "41", ""]
    rows = [separator.join(f'"{cell}"' for cell in row) for row in (head, cells)]
    (ada,) = read_personas(written(tmp_path, "a.csv", "\n".join([*rows, "", ""])))
    assert ada.traits == ("dry", "patient")
    assert ada.stances == {"sell": -0.8}
    assert ada.attributes == {"age": 41}, "a blank cell says nothing"


WRONG: dict[str, tuple[str, str]] = {
    "a.json": ('[{"name": "Ada"},\n {"name": "Ben",\n  "oposite": "x"}]',
               "line 2, persona 2 .'Ben'.: has no field 'oposite'; did you mean opposite"),
    "b.json": ('[{"name": "Ada"},\n {"name": "Ada"}]', "line 2, persona 2.*twice .line 1."),
    "c.json": ('[{"name": "Ada",\n "brief": }]', "line 2: is no JSON"),
    "d.json": ('{"personas": [], "more": 1}', "'more' stands beside personas"),
    "e.json": ('[{"name": "A", "name": "B"}]', "'name' is there twice in one table"),
    "f.json": ('[{"name": "A", "stances": {"x": NaN}}]', "NaN is no number"),
    "g.json": ("[" * 100_000, "nests too deep"),
    "h.json": ("[]", "has no persona"),
    "i.json": ('[{"name": "A: B"}]', "cannot stand before a line"),
    "j.json": ('{"\\n": 3}', "is no table of fields"),
    "a.yaml": ("- name: Ada\n- name: Ben\n  traits: [a, b\n", "line 4: is no YAML"),
    "b.yaml": ("- name: Ada\n- &x {name: Ben}\n- *x\n", "line 3.*reference"),
    "c.yaml": ("- name: Ada\n- brief: x\n", "line 2, persona 2: Persona.name: is missing"),
    "d.yaml": ("- name: Ada\n  name: Ben\n", "line 1.*twice"),
    "a.toml": ('[[personas]]\nname = "Ada"\n[[personas]]\nname = "Ada"\n', "line 3, persona 2"),
    "a.csv": ("name,brief\nAda,x\nBen\n", "line 3: 1 cells under 2 columns"),
    "b.csv": ("nam,brief\nAda,x\n", "no column name .did you mean it by 'nam'"),
    "c.csv": ("name,Opposit\nAda,x\n", "'Opposit' looks like opposite"),
    "d.csv": ("name,stance:x\nAda,much\n", "line 2: stance:x is 'much', and no number"),
    "e.csv": ("name,stance:x\nAda,3\n", "line 2, persona 1 .'Ada'.: Persona.stances.x"),
    "a.txt": ("Ada", "is no file of personas by its name"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_mistake_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    text, message = WRONG[name]
    with pytest.raises(BadRequest, match=message) as told:
        read_personas(written(tmp_path, name, text))
    assert "\n" not in str(told.value)
    assert str(tmp_path) in str(told.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "brief", "traits", "stances", "attributes", "personas", "x"])
        | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("personas")


@given(content=json_values)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read_or_refused_in_one_line(content: Any, folder: Path) -> None:
    path = written(folder, "x.json", json.dumps(content))
    try:
        personas = read_personas(path)
    except BadRequest as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        jsonschema.validate(content, personas_schema())
        assert len({each.name for each in personas}) == len(personas)


@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
       | st.text(alphabet='nameAda:,-[]{}"&*\n ;=0.1', max_size=60),
       suffix=st.sampled_from([".json", ".yaml", ".toml", ".csv"]))  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_any_text_is_read_or_refused(text: str, suffix: str, folder: Path) -> None:
    path = folder / f"y{suffix}"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        assert read_personas(path)
    except BadRequest as error:
        assert str(error)  # noqa: PT017


words = st.text(alphabet="abcdeé ;'\"\n{}", max_size=12)
personas = st.builds(
    Persona,
    name=st.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True),
    brief=words, traits=st.lists(words, max_size=3), secret=st.none() | words,
    stances=st.dictionaries(st.sampled_from(["a", "b"]), st.floats(-1, 1)),
    attributes=st.dictionaries(
        st.sampled_from(["age", "job"]),
        st.booleans() | st.integers(-9, 99) | st.floats(-5, 5) | words),
)  # fmt: skip


@given(some=st.lists(personas, min_size=1, max_size=4, unique_by=lambda each: each.name))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_back(some: list[Persona], folder: Path) -> None:
    path = folder / "z.json"
    write_personas(some, path)
    jsonschema.validate(json.loads(path.read_text("utf-8")), personas_schema())
    for one, other in zip(read_personas(path), some, strict=True):
        for name in Persona.model_fields:
            assert (getattr(one, name) or None) == (getattr(other, name) or None)
