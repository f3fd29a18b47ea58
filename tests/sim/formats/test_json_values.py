"""Large JSON files: the same values as the whole file has, with their lines, in little memory."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.formats import json_values
from sim.formats.format import FormatError
from sim.formats.json_values import values_of

PATH = Path("x.json")
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(VALUES), VALUES, st.sampled_from([None, 1]), st.sampled_from([1, 5, 1 << 16]))
def test_values_are_those_of_the_whole_file(
    many: list[object], one: object, indent: int | None, chunk: int
) -> None:
    text = json.dumps({"before": one, "all": {"of": many}, "n": one}, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "_CHUNK", chunk)
        found = list(values_of(io.StringIO(text), PATH, ("all.of[]", "n", "all.of^")))
    assert [place for place, _, _ in found] == ["all.of^", *["all.of[]"] * len(many), "n"]
    assert [value for _, _, value in found] == ["[", *many, one]
    lines = text.split("\n")
    for _, line, value in found[1:]:
        assert json.dumps(value, indent=indent)[:1] in lines[line - 1]


@given(st.data())
def test_what_is_no_json_is_refused_wherever_it_breaks(data: st.DataObject) -> None:
    text = json.dumps({"all": [{"a": [1.5e-9, "x\\", None, {}]}, [], True], "n": -12}, indent=1)
    at = data.draw(st.integers(0, len(text) - 1))
    broken = text[:at] + data.draw(st.sampled_from('{}[],:"1e.-n \\')) + text[at + 1 :]
    try:
        json.loads(broken)
        refused = False
    except ValueError:
        refused = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "_CHUNK", data.draw(st.sampled_from([1, 5, 1 << 16])))
        try:
            list(values_of(io.StringIO(broken), PATH, ("all[]",)))
            assert not refused
        except FormatError:
            assert refused


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "x.json: is empty; give a JSON file"),
        ('{"a":\n\n1,}', "x.json, line 3: is no JSON: a name in double quotes is missing; export"),
        ('{"a": [1\n2]}', "x.json, line 2: is no JSON: ',' is missing; export"),
        ('[1] \n x', "x.json, line 2: is no JSON: there is something after the end of the JSON;"),
        ('{"a": [{"b":\n"c', "x.json, line 2: is no JSON: unterminated string"),
        ('{"a": [1,\n', "x.json, line 2: the file is cut off; export"),
        ("[" * 100_000, "x.json, line 1: is no JSON: it nests too deep;"),
        ('{"a": ' + "9" * 5_000 + "}", "x.json, line 1: is no JSON: a number has thousands of"),
    ],
)  # fmt: skip
def test_the_place_is_told(text: str, told: str) -> None:
    with pytest.raises(FormatError) as error:
        list(values_of(io.StringIO(text), PATH, ("a[]",)))
    assert str(error.value).startswith(told)


def test_a_long_list_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    with path.open("w") as file:
        file.write('{"all": [')
        file.writelines(
            json.dumps({"number": each, "text": "x" * 1000}) + "," for each in range(5_000)
        )
        file.write('{}], "n": 1}')
    tracemalloc.start()
    try:
        with path.open() as file:
            assert sum(1 for _ in values_of(file, path, ("all[]", "n"))) == 5_002
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
