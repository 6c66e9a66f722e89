"""The scripts a newcomer runs: what they install, in which order, and that a second start does nothing.

apt-get, sudo and Python are stand-ins that write down how they were called: they are where the
machine and the network begin. The real thing is tried on a bare Debian before each release.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PINNED = ("requirements.txt", "tests/requirements.txt", "scripts/build-requirements.txt")
SCRIPTS = ("scripts/setup", "scripts/test", "scripts/bench", "scripts/house", "scripts/mutants", ".ci/run")
TOOLS = (
    "bash basename cat chmod cp cut date dirname env flock grep head mkdir rm sed sha256sum sort tail uniq"
).split()
MISSING = "redis-server chromium poppler-utils git"  # what the bare machine lacks, by Debian's names

STAND_IN = """#!/bin/bash
name=${0##*/}
echo "$name $*" >>"$LOG"
case "$name $*" in
  sudo*) shift; [[ -e $SUDO_WORKS ]] && "$@" ;;
  id*) cat "$WHO" ;;
  *"-m venv"*) rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *) ! grep -qsF -- "$name $*" "$FAILING" ;;
esac
"""


class Machine:
    """A copy of the scripts on a machine that has next to nothing."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._bin = home / "machine"
        self._log = home / "machine.log"
        for name in (*PINNED, "pyproject.toml", *SCRIPTS):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, home / name)
        self._bin.mkdir()
        for tool in TOOLS:
            (self._bin / tool).symlink_to(shutil.which(tool) or "")
        for name in ("apt-get", "sudo", "id", "python3"):
            self.put(self._bin / name)
        self.is_user("0")

    def put(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STAND_IN)
        path.chmod(0o755)

    def is_user(self, number: str) -> None:
        (self.home / "who").write_text(number)

    def lets_sudo(self) -> None:
        (self.home / "sudo-works").touch()

    def fails(self, *calls: str) -> None:
        """From now on these calls end with code 1."""
        (self.home / "failing").write_text("\n".join(calls) + "\n")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": str(self._bin),
            "LOG": str(self._log),
            "WHO": str(self.home / "who"),
            "SUDO_WORKS": str(self.home / "sudo-works"),
            "FAILING": str(self.home / "failing"),
        }
        self._log.write_text("")
        return subprocess.run(
            ["/bin/bash", *command],
            cwd=self.home,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def calls(self) -> list[str]:
        """How the stand-ins were called; looks at what is there are left out."""
        looks = re.compile(r"id -u|python3? .*-c |python -m pip --version|.*--simulate")
        return [line for line in self._log.read_text().splitlines() if not looks.match(line)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


APT = f"apt-get install -y --no-install-recommends {MISSING}"
PIP = "python -m pip --disable-pip-version-check install --quiet --no-input"
PACKAGES_FOR_RUN = [
    f"{PIP} --require-hashes -r scripts/build-requirements.txt",
    f"{PIP} --require-hashes --no-build-isolation -r requirements.txt",
]
PROJECT = f"{PIP} --no-deps --no-build-isolation -e ."


def test_first_start_installs_hashed_files(machine: Machine) -> None:
    """A first start makes the environment from hashed files and says so."""
    done = machine.run("scripts/setup", "run")
    assert done.returncode == 0, done.stderr
    assert machine.calls() == ["python3 -m venv --clear .venv", *PACKAGES_FOR_RUN, PROJECT]
    said = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert said == ["+ " + call.replace("python -m", ".venv/bin/python -m") for call in machine.calls()]


@pytest.mark.parametrize("role", ["run", "test"])
def test_a_second_start_does_nothing_and_says_nothing(machine: Machine, role: str) -> None:
    _has_everything(machine)
    machine.run("scripts/setup", role)
    again = machine.run("scripts/setup", role)
    assert (again.returncode, again.stdout, again.stderr, machine.calls()) == (0, "", "", [])


def _has_everything(machine: Machine) -> None:
    for program in ("redis-server", "chromium", "pdftoppm", "git"):
        machine.put(machine.home / "machine" / program)


def test_setup_for_tests_also_runs(machine: Machine) -> None:
    """What is set up for tests can also run the program, without another start."""
    _has_everything(machine)
    machine.run("scripts/setup", "test")
    machine.run("scripts/setup", "run")
    assert machine.calls() == []


def test_other_pins_are_installed_at_the_next_start(machine: Machine) -> None:
    machine.run("scripts/setup", "run")
    with (machine.home / "requirements.txt").open("a") as pins:
        pins.write("# another\n")
    machine.run("scripts/setup", "run")
    assert machine.calls() == [*PACKAGES_FOR_RUN, PROJECT]


def test_changed_pyproject_reinstalls_only_project(machine: Machine) -> None:
    """Another pyproject installs the project again, but no packages."""
    machine.run("scripts/setup", "run")
    with (machine.home / "pyproject.toml").open("a") as project:
        project.write("# another\n")
    machine.run("scripts/setup", "run")
    assert machine.calls() == [PROJECT]


def test_interrupted_start_is_finished_later(machine: Machine) -> None:
    """A start that was broken off is finished by the next."""
    machine.fails(PACKAGES_FOR_RUN[1])
    assert machine.run("scripts/setup", "run").returncode != 0
    machine.fails("nothing")
    assert machine.run("scripts/setup", "run").returncode == 0
    assert machine.calls() == [*PACKAGES_FOR_RUN, PROJECT]


def test_environment_without_python_is_remade(machine: Machine) -> None:
    """An environment whose Python is gone is made anew."""
    machine.run("scripts/setup", "run")
    python = machine.home / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    machine.run("scripts/setup", "run")
    assert machine.calls() == ["python3 -m venv --clear .venv", *PACKAGES_FOR_RUN, PROJECT]


def test_root_installs_missing_system_packages(machine: Machine) -> None:
    """Root installs the system packages that are missing, and no others."""
    done = machine.run("scripts/setup", "test")
    assert done.returncode == 0, done.stderr
    assert machine.calls()[0] == APT
    assert f"+ env DEBIAN_FRONTEND=noninteractive {APT}\n" in done.stdout


def test_unknown_packages_refresh_the_lists(machine: Machine) -> None:
    """Package lists that do not know a package are fetched first."""
    machine.fails(f"{APT} --simulate")
    machine.run("scripts/setup", "test")
    assert machine.calls()[:2] == ["apt-get update", APT]


def test_a_user_with_sudo_installs_through_it(machine: Machine) -> None:
    machine.is_user("1000")
    machine.lets_sudo()
    done = machine.run("scripts/setup", "test")
    assert done.returncode == 0, done.stderr
    assert f"+ sudo -n env DEBIAN_FRONTEND=noninteractive {APT}\n" in done.stdout
    assert APT in machine.calls()


def test_unprivileged_user_gets_the_command(machine: Machine) -> None:
    """A user who may not install is told the command, and nothing is done."""
    machine.is_user("1000")
    done = machine.run("scripts/setup", "test")
    assert done.returncode == 3
    assert f"  apt-get update && {APT}\n" in done.stderr
    assert machine.calls() == ["sudo -n true"]


def test_a_role_that_does_not_exist_is_refused(machine: Machine) -> None:
    done = machine.run("scripts/setup", "deploy")
    assert (done.returncode, done.stderr) == (2, "usage: scripts/setup run|test\n")


# --- scripts/test and scripts/bench ---------------------------------------------------------------


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine on which all is set up, and the tools are stand-ins."""
    _has_everything(machine)
    for tool in ("ruff", "mypy", "lint-imports", "pytest"):
        machine.put(machine.home / ".venv/bin" / tool)
    machine.put(machine.home / ".venv/bin/python")
    machine.run("scripts/setup", "test")
    return machine


STORED = "-m not slow and not load and not once"
EVERYDAY = "--hypothesis-profile=everyday -m not slow and not load"


def test_suite_checks_all_on_both_databases(ready: Machine) -> None:
    """The whole suite checks style, types and contracts, and runs on both databases."""
    done = ready.run("scripts/test")
    assert done.returncode == 0, done.stdout + done.stderr
    calls = ready.calls()
    assert [*calls[:2], *sorted(calls[2:5]), *calls[5:]] == [
        "ruff check .",
        "ruff format --check .",
        "lint-imports ",
        "mypy ",
        "python -m scripts.house --short",
        f"pytest -n 2 {EVERYDAY}",
        f"pytest -n 2 --db=postgres {STORED}",
    ]
    assert done.stdout.splitlines()[-1].startswith("== all passed in ")


def test_ci_runs_every_stage_on_both_databases(ready: Machine) -> None:
    assert ready.run(".ci/run").returncode == 0
    assert ready.calls()[-2:] == [f"pytest -n 2 {EVERYDAY}", f"pytest -n 2 --db=postgres {STORED}"]


def test_quick_says_what_is_left_out(ready: Machine) -> None:
    """Quick leaves the other database, browser and whole installations out and says so."""
    done = ready.run("scripts/test", "--quick")
    assert done.returncode == 0
    assert ready.calls()[-1] == f"pytest -n 2 {EVERYDAY} and not e2e and not whole"
    assert "left out" in done.stdout.splitlines()[-1]


def test_all_means_the_slow_tests_too(ready: Machine) -> None:
    assert ready.run("scripts/test", "--all").returncode == 0
    assert ready.calls()[-2:] == [
        "pytest -n 2 --hypothesis-profile=deep",
        "pytest -n 2 --db=postgres -m not once",
    ]


def test_failed_tests_run_once_more_alone(ready: Machine) -> None:
    """What failed beside others is tried once more alone, and then counts."""
    ready.fails(f"pytest -n 2 {EVERYDAY}")
    again = f"pytest --last-failed --last-failed-no-failures none {EVERYDAY}"
    assert ready.run("scripts/test").returncode == 0
    assert ready.calls()[-2:] == [again, f"pytest -n 2 --db=postgres {STORED}"]
    ready.fails(f"pytest -n 2 {EVERYDAY}", again)
    assert ready.run("scripts/test").returncode == 1
    assert ready.calls()[-1] == again


def test_retried_tests_are_named_ten_runs(ready: Machine) -> None:
    """What had to be tried twice is named until ten runs have passed."""
    failures = (
        "mkdir -p .pytest_cache/v/cache; echo '{\n \"tests/test_a.py::test_b[c d]\": true\n}' >.pytest_cache"
    )
    (ready.home / ".venv/bin/pytest").write_text(
        STAND_IN
        + f"[[ $* == *-n* && -e $LOG.flaky ]] && {{ {failures}/v/cache/lastfailed; exit 1; }}\nexit 0\n"
    )
    flaky = ready.home / "machine.log.flaky"
    flaky.touch()
    name = "tests/test_a.py::test_b[c d]"
    assert ready.run("scripts/test", "--quick").stdout.splitlines()[-1].split(maxsplit=1) == ["1", name]
    assert ready.run("scripts/test", "--quick").stdout.splitlines()[-1].split(maxsplit=1) == ["2", name]
    flaky.unlink()
    outputs = [ready.run("scripts/test", "--quick").stdout for _ in range(10)]
    assert [name in output for output in outputs] == [True] * 9 + [False]
    assert f"2 {name}" in outputs[7] and f"1 {name}" in outputs[8]


def test_first_failing_stage_ends_run(ready: Machine) -> None:
    """The first stage that fails is named and ends the run."""
    ready.fails("mypy ")
    done = ready.run("scripts/test")
    assert done.returncode == 1
    assert "mypy " in ready.calls() and "pytest" not in str(ready.calls())
    assert re.fullmatch(r"== types: FAILED after \d+ s", done.stdout.splitlines()[-1])


def test_arguments_narrow_the_run_to_pytest(ready: Machine) -> None:
    ready.run("scripts/test", "tests/importers", "-k", "ofx")
    assert ready.calls() == ["pytest tests/importers -k ofx"]


def test_unknown_benchmark_is_named_first(ready: Machine) -> None:
    """A benchmark that does not exist is named before anything runs."""
    done = ready.run("scripts/bench", "nothing")
    assert done.returncode == 2
    assert "there is no tests/benchmarks/bench_nothing.py" in done.stderr
    assert ready.calls() == []


def test_all_or_named_benchmarks_run(ready: Machine) -> None:
    """Every benchmark is run, or only those that are named."""
    for name in ("search", "webhooks"):
        path = ready.home / f"tests/benchmarks/bench_{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    ready.run("scripts/bench", "--quick")
    assert ready.calls() == [
        "python -m tests.benchmarks.bench_search --quick",
        "python -m tests.benchmarks.bench_webhooks --quick",
    ]
    ready.run("scripts/bench", "webhooks")
    assert ready.calls() == ["python -m tests.benchmarks.bench_webhooks"]


@pytest.mark.parametrize("script", ["test", "bench", "house", "mutants"])
def test_help_sets_nothing_up(machine: Machine, script: str) -> None:
    """Whoever asks a script for help reads how it is called, and nothing is installed."""
    for word in ("-h", "--help"):
        done = machine.run(f"scripts/{script}", word)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"\n  scripts/{script} " in done.stdout
        assert "set -euo" not in done.stdout
        assert machine.calls() == []


# --- pinned requirements --------------------------------------------------------------------------


def _pins(name: str) -> dict[str, set[str]]:
    """The pinned versions of each package; more than one where they differ by Python version."""
    pins: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(package), set()).add(version)
    return pins


@pytest.mark.parametrize("name", PINNED)
def test_pins_are_exact_and_hashed(name: str) -> None:
    """A pinned file holds exact versions and hashes and names no host."""
    lines = (ROOT / name).read_text().splitlines()
    form = re.compile(r"[\w.-]+==[\w.]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not form.fullmatch(line)] == []
    assert "--hash" in lines[1]


def test_tests_use_the_running_versions() -> None:
    """Tests run with the very versions that are run."""
    run, test = _pins("requirements.txt"), _pins("tests/requirements.txt")
    assert {name: test.get(name) for name in run} == run


def test_every_requirement_is_pinned_in_range() -> None:
    """Whatever the project asks for is pinned in its range."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, asked in (
        ("requirements.txt", project["dependencies"]),
        ("tests/requirements.txt", project["dependencies"] + project["optional-dependencies"]["test"]),
    ):
        pins = _pins(name)
        for requirement in map(Requirement, asked):
            versions = pins.get(canonicalize_name(requirement.name), set())
            assert versions, f"{requirement.name} is not in {name}: run scripts/pin"
            assert all(map(requirement.specifier.contains, versions)), (
                f"{requirement} in {name}: run scripts/pin"
            )


@pytest.mark.parametrize(
    "script", ["setup", "demo", "test", "bench", "pin", "house", "mutants", "../.ci/run"]
)
def test_scripts_run_and_stop_at_errors(script: str) -> None:
    """A script can be run and stops at its first error."""
    path = ROOT / "scripts" / script
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
