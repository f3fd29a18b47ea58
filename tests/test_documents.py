"""The documents are true: their Python runs, and the names and files that they mention exist."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib
import inspect
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from sim.store import migrate

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("benchmarks/*.md")])
PACKAGES = ("sim", "analysis", "scenarios", "benchmarks")


def python_blocks(page: Path) -> list[str]:
    """The Python that a page shows, block after block."""
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


async def run_as_cells(blocks: list[str], page: Path) -> dict[str, object]:
    """Run blocks one after the other in a running event loop, as a notebook runs its cells."""
    namespace: dict[str, object] = {}
    for block in blocks:
        code = compile(block, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        awaitable = eval(code, namespace)  # noqa: S307 - a notebook's cell, awaits and all
        if inspect.iscoroutine(awaitable):
            await awaitable
    return namespace


# --- The README's Python --------------------------------------------------------------------------


def readme_blocks() -> list[str]:
    """The README's Python, with few trials."""
    blocks = python_blocks(ROOT / "README.md")
    assert len(blocks) >= 4
    return [block.replace("trials=20", "trials=3") for block in blocks]


def awaits(block: str) -> bool:
    """Whether a block is for a notebook only: it awaits at the top level."""
    return bool(re.search(r"^(\w+ = )?await ", block, re.M))


def test_the_readme_runs_as_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in readme_blocks():
        if not awaits(block):
            exec(compile(block, "README.md", "exec"), namespace)  # noqa: S102 - our own README
    speakers = re.findall(r"^\d+ (Ada|Ben): ", capsys.readouterr().out, re.M)
    assert speakers == ["Ada", "Ben"] * 3


def test_the_readme_runs_in_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a running event loop, every verb is awaited under the name that begins with an a."""
    monkeypatch.chdir(tmp_path)
    verb = re.compile(r"\b(\w+)\.(run|fork|ask)\(")
    blocks = [verb.sub(r"await \1.a\2(", block) for block in readme_blocks()]
    assert sum(map(awaits, blocks)) >= 3
    namespace = asyncio.run(run_as_cells(blocks, ROOT / "README.md"))
    assert {"results", "branches", "data", "report"} <= set(namespace)


# --- Links ----------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page: its headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = 0
        while (one := slug if not count else f"{slug}-{count}") in found:
            count += 1
        found.add(one)
    return found


def links(page: Path) -> list[str]:
    """What a page links to and shows, without code."""
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_every_link_leads_somewhere() -> None:
    wrong: list[str] = []
    count = 0
    for page in [*DOCUMENTS, DOCS / "llms.txt"]:
        for link in links(page):
            count += 1
            if re.match(r"(https?|mailto):", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                wrong.append(f"{page.relative_to(ROOT)}: {link}")
            elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
                wrong.append(f"{page.relative_to(ROOT)}: {link} has no such heading")
    assert count > 150
    assert wrong == []


def test_every_page_is_in_the_index() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    pages = {page.resolve() for page in DOCS.rglob("*.md")} - {(DOCS / "README.md").resolve()}
    assert sorted(str(page.relative_to(DOCS)) for page in pages - listed) == []


@pytest.mark.parametrize("script", ["reference", "llms"])
def test_what_scripts_write_is_up_to_date(script: str) -> None:
    """In a process of its own: what other tests import changes no page."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / f"{script}.py", "--check"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- Names and files ------------------------------------------------------------------------------


def mentions(pattern: str) -> Iterator[tuple[str, str]]:
    """What the documents mention: the document's name, and the first group of the pattern."""
    for page in DOCUMENTS:
        for match in re.finditer(pattern, page.read_text(encoding="utf-8")):
            yield page.name, match.group(1)


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something in a module."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        module = ".".join(parts[:count])
        try:
            if find_spec(module) is None:
                continue
        except ModuleNotFoundError:  # the name before the last dot is no package
            continue
        value: object = importlib.import_module(module) if count < len(parts) else None
        for part in parts[count:]:
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("sim", True),
        ("sim.run", True),
        ("sim.runs.run.arun", True),
        ("sim.calls.guard", True),
        ("analysis.convergence", True),
        ("analysis.results.Result.by_arm", True),
        ("analysis.measures.swing", False),
        ("sim.running", False),
        ("sim.running.judging", False),
        ("sim.stage.base.why_no_log_prob", False),
    ],
)
def test_a_name_that_is_missing_is_noticed(name: str, there: bool) -> None:
    assert exists(name) is there


def test_the_names_in_the_documents_exist() -> None:
    pattern = rf"(?<![\w./])((?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+)"
    named = set(mentions(pattern))
    assert len(named) > 50
    known = {name: exists(name) for name in {name for _, name in named}}
    assert sorted(f"{page}: {name}" for page, name in named if not known[name]) == []


EXAMPLE = "lighthouse."
"""The package that a page shows; ``tests/test_extensions.py`` installs it."""


def test_what_the_documents_import_exists() -> None:
    """Also in blocks that no test runs, because they need a key or a server."""
    wrong: list[str] = []
    imported = 0
    for page in DOCUMENTS:
        for block in python_blocks(page):
            if page.name == "design.md":  # signatures, which are no whole statements
                continue
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and node.module is not None:
                    names = [f"{node.module}.{alias.name}" for alias in node.names]
                elif isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                else:
                    continue
                imported += len(names)
                names = [name for name in names if not name.startswith(EXAMPLE)]
                wrong += [f"{page.name}: {name}" for name in names if not exists(name)]
    assert imported > 50
    assert wrong == []


def test_the_files_in_the_documents_exist() -> None:
    folders = "|".join((*PACKAGES, "tests", "docs", "scripts"))
    named = set(mentions(rf"(?<![\w./-])((?:{folders})/[\w./-]*\w)"))
    assert len(named) > 20
    missing = [f"{page}: {path}" for page, path in named if not (ROOT / path).exists()]
    assert sorted(missing) == []


# --- The folders in the design --------------------------------------------------------------------


def folders_in_the_design() -> list[str]:
    """The first column of the tables under *The folders*, row by row."""
    text = (DOCS / "design.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## The folders\n(.*?)^## ", text, re.M | re.S)
    rows = re.findall(r"^\|([^|]*)\|", section, re.M)
    return [name for row in rows for name in re.findall(r"`([^`]+/[^`]+)`", row)]


def folders_of_the_code() -> set[str]:
    """The packages of sim and analysis at any depth, and the modules beside them."""
    found: set[str] = set()
    for top in ("sim", "analysis"):
        packages = (path.parent for path in (ROOT / top).rglob("__init__.py"))
        modules = (path for path in (ROOT / top).glob("*.py") if path.name != "__init__.py")
        found |= {path.relative_to(ROOT).as_posix() for path in (*packages, *modules)}
    return found - {"sim", "analysis"}


def test_the_design_names_every_folder_once() -> None:
    listed = folders_in_the_design()
    assert sorted(listed) == sorted(set(listed))
    there = folders_of_the_code()
    assert sorted(there - set(listed)) == [], "the design lacks these"
    assert sorted(set(listed) - there) == [], "the design lists these, and they do not exist"


# --- The store in the design ----------------------------------------------------------------------


def test_the_design_has_the_tables_of_the_store() -> None:
    text = (DOCS / "design.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## The store\n(.*?)^## ", text, re.M | re.S)
    shown = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M))
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with contextlib.closing(connection):
        migrate(connection)
        made = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        tables = {name for (name,) in connection.execute(made)}
        assert set(shown) == tables
        for table in tables:
            for _, column, *_ in connection.execute(f"PRAGMA table_info({table})"):
                assert re.search(rf"\b{column}\b", shown[table]), (table, column)


# --- The signatures in the design -----------------------------------------------------------------

WHERE = {
    "energy_distance": "analysis.energy_distance",
    "Asked": "analysis.evidence.scoring",
    "audit": "sim.study.audits.conduct",
    "audit_design": "sim.study.audits.design",
    "factorial": "analysis.stats.factorial",
    "hierarchical": "analysis.stats.hierarchical",
    "Evidence": "analysis.evidence.readings",
    "Fused": "analysis.evidence.fused",
    "Judged": "analysis.evidence.judged",
    "LogProbabilities": "analysis.evidence.log_probabilities",
    "Meaning": "analysis.evidence.persona",
    "Probed": "analysis.evidence.probed",
    "Sides": "analysis.evidence.readings",
    "People": "analysis.people",
    "Plan": "analysis.labels",
    "compare_people": "analysis.people",
    "opposites_from_stage": "sim.populations",
    "opposites_from_traits": "sim.populations",
    "read_personas": "sim.populations",
    "read_specification": "sim.populations",
    "sample": "sim.populations",
    "with_opposites": "sim.populations",
    "write_personas": "sim.populations",
    "Question": "analysis.labels",
    "Sample": "analysis.stats.prediction_powered",
    "choose_threshold": "analysis.labels",
    "from_marks": "analysis.labels",
    "conduct": "sim.study.studies.conduct",
    "contrast": "analysis.linear_contrasts",
    "draw": "analysis.labels",
    "repaired": "analysis.stats.prediction_powered",
    "Instrument": "analysis.calibration.instruments.base",
    "Planting": "sim.study.calibration.plants",
    "calibrate": "sim.study.calibration.run",
    "open_instruments": "analysis.calibration.instruments.specifications",
    "Cue": "sim.scene.routing.base",
    "Estimate": "analysis.estimates",
    "Inquiry": "sim.scene.routing.base",
    "Layout": "sim.layouts.base",
    "ModelOptions": "sim.calls.guard",
    "Quantity": "analysis.estimates",
    "RunOptions": "sim.runs.options",
    "StageInfo": "sim.stage.base",
    "StoppingRule": "analysis.stopping",
    "close_stage": "sim.stage.base",
    "decide": "analysis.stopping",
    "heard_by": "sim.scene.audience",
    "info_of": "sim.stage.base",
    "load": "analysis.tables",
    "run_trials": "sim.runs.trials",
    "run_until_decided": "sim.study.sequential",
    "Executor": "sim.runs.executors",
    "RayExecutor": "sim.runs.executors.ray",
    "Hearing": "sim.scene.audience",
    "Result": "analysis.results",
    "Router": "sim.scene.routing.base",
    "Stage": "sim.stage.base",
    "Tournament": "sim.tournament",
    "Wrapper": "sim.stage.base",
}
"""Where to look for what the design shows. Other names are looked for in ``sim``."""


def signatures_in_the_design() -> dict[str, list[str]]:
    """The parameters of the functions, classes and methods that the design shows, by name."""
    shown: dict[str, list[str]] = {}
    owner = ""
    for block in python_blocks(DOCS / "design.md"):
        text = re.sub(r" +#.*", "", block)
        calls = r"^( *)(?:(?:async )?def )?(\w+)\(([^\n]*(?:\n {5,}[^\n]*)*)\)(?: ->[^\n]*)?$"
        for match in re.finditer(rf"^class (\w+).*$|{calls}", text, re.M):
            if match[1]:
                owner = f"{match[1]}."
                continue
            tree = ast.parse(f"def f({match[4]}): pass").body[0]
            assert isinstance(tree, ast.FunctionDef)
            given = tree.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
            name = f"{owner if match[2] else ''}{match[3]}"
            shown[name] = [each.arg for each in arguments if each.arg != "self"]
    return shown


def test_the_signatures_in_the_design_are_those_of_the_code() -> None:
    shown = signatures_in_the_design()
    assert {"play", "run", "fork", "ask", "open_stage", "open_store", "RunOptions"} <= set(shown)
    assert {"Router.next", "Layout.hear", "Stage.perform", "Tournament.run"} <= set(shown)
    wrong: list[str] = []
    for name, parameters in shown.items():
        top, *rest = name.split(".")
        value = getattr(importlib.import_module(WHERE.get(top, "sim")), top)
        for part in rest:
            value = getattr(value, part)
        known = [
            each.name
            for each in inspect.signature(value).parameters.values()
            if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
            if each.name != "self" and not each.name.startswith("_")
        ]
        if parameters != known:
            wrong.append(f"{name}: {parameters} and not {known}")
    assert wrong == []
