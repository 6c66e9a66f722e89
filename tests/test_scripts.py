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
        for name in (*PINNED, "pyproject.toml", "scripts/setup", "scripts/test", "scripts/bench", ".ci/run"):
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


def test_a_first_start_makes_the_environment_from_hashed_files_and_says_so(machine: Machine) -> None:
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


def test_what_is_set_up_for_tests_also_runs(machine: Machine) -> None:
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


def test_another_pyproject_installs_the_project_again_but_no_packages(machine: Machine) -> None:
    machine.run("scripts/setup", "run")
    with (machine.home / "pyproject.toml").open("a") as project:
        project.write("# another\n")
    machine.run("scripts/setup", "run")
    assert machine.calls() == [PROJECT]


def test_a_start_that_was_broken_off_is_finished_by_the_next(machine: Machine) -> None:
    machine.fails(PACKAGES_FOR_RUN[1])
    assert machine.run("scripts/setup", "run").returncode != 0
    machine.fails("nothing")
    assert machine.run("scripts/setup", "run").returncode == 0
    assert machine.calls() == [*PACKAGES_FOR_RUN, PROJECT]


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.run("scripts/setup", "run")
    python = machine.home / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    machine.run("scripts/setup", "run")
    assert machine.calls() == ["python3 -m venv --clear .venv", *PACKAGES_FOR_RUN, PROJECT]


def test_root_installs_the_system_packages_that_are_missing_and_no_others(machine: Machine) -> None:
    done = machine.run("scripts/setup", "test")
    assert done.returncode == 0, done.stderr
    assert machine.calls()[0] == APT
    assert f"+ env DEBIAN_FRONTEND=noninteractive {APT}\n" in done.stdout


def test_package_lists_that_do_not_know_a_package_are_fetched_first(machine: Machine) -> None:
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


def test_a_user_who_may_not_install_is_told_the_line_and_nothing_is_done(machine: Machine) -> None:
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


EVERYDAY = "-m not slow and not load"
ONLY_STORED = f"{EVERYDAY} and not once"


def test_the_whole_suite_checks_style_types_and_contracts_and_runs_on_both_databases(ready: Machine) -> None:
    done = ready.run("scripts/test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ready.calls() == [
        "ruff check .",
        "ruff format --check .",
        "mypy ",
        "lint-imports ",
        "python -m scripts.house --short",
        f"pytest -n 2 {EVERYDAY}",
        f"pytest -n 2 --db=postgres {ONLY_STORED}",
    ]
    assert done.stdout.splitlines()[-1].startswith("== all passed in ")


def test_ci_runs_every_stage_on_both_databases(ready: Machine) -> None:
    assert ready.run(".ci/run").returncode == 0
    assert ready.calls()[-2:] == [f"pytest -n 2 {EVERYDAY}", f"pytest -n 2 --db=postgres {ONLY_STORED}"]


def test_quick_leaves_the_other_database_out_and_says_so(ready: Machine) -> None:
    done = ready.run("scripts/test", "--quick")
    assert done.returncode == 0
    assert ready.calls()[-1] == f"pytest -n 2 {EVERYDAY}"
    assert "left out" in done.stdout.splitlines()[-1]


def test_all_means_the_slow_tests_too(ready: Machine) -> None:
    assert ready.run("scripts/test", "--all").returncode == 0
    assert ready.calls()[-2:] == ["pytest -n 2", "pytest -n 2 --db=postgres -m not once"]


def test_what_failed_beside_others_is_tried_once_more_alone_and_then_counts(ready: Machine) -> None:
    ready.fails(f"pytest -n 2 {EVERYDAY}")
    again = f"pytest --last-failed --last-failed-no-failures none {EVERYDAY}"
    assert ready.run("scripts/test").returncode == 0
    assert ready.calls()[-2:] == [again, f"pytest -n 2 --db=postgres {ONLY_STORED}"]
    ready.fails(f"pytest -n 2 {EVERYDAY}", again)
    assert ready.run("scripts/test").returncode == 1
    assert ready.calls()[-1] == again


def test_what_had_to_be_tried_twice_is_named_until_ten_runs_passed(ready: Machine) -> None:
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


def test_the_first_stage_that_fails_is_named_and_ends_the_run(ready: Machine) -> None:
    ready.fails("mypy ")
    done = ready.run("scripts/test")
    assert done.returncode == 1
    assert ready.calls()[-1] == "mypy "
    assert re.fullmatch(r"== types: FAILED after \d+ s", done.stdout.splitlines()[-1])


def test_arguments_narrow_the_run_to_pytest(ready: Machine) -> None:
    ready.run("scripts/test", "tests/importers", "-k", "ofx")
    assert ready.calls() == ["pytest tests/importers -k ofx"]


def test_a_benchmark_that_does_not_exist_is_named_before_anything_runs(ready: Machine) -> None:
    done = ready.run("scripts/bench", "nothing")
    assert done.returncode == 2
    assert "there is no tests/benchmarks/bench_nothing.py" in done.stderr
    assert ready.calls() == []


def test_every_benchmark_is_run_or_those_that_are_named(ready: Machine) -> None:
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


# --- pinned requirements --------------------------------------------------------------------------


def _pins(name: str) -> dict[str, set[str]]:
    """The pinned versions of each package; more than one where they differ by Python version."""
    pins: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(package), set()).add(version)
    return pins


@pytest.mark.parametrize("name", PINNED)
def test_a_pinned_file_holds_exact_versions_and_hashes_and_names_no_host(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    form = re.compile(r"[\w.-]+==[\w.]+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not form.fullmatch(line)] == []
    assert "--hash" in lines[1]


def test_tests_run_with_the_very_versions_that_are_run() -> None:
    run, test = _pins("requirements.txt"), _pins("tests/requirements.txt")
    assert {name: test.get(name) for name in run} == run


def test_whatever_the_project_asks_for_is_pinned_in_its_range() -> None:
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
def test_a_script_can_be_run_and_stops_at_its_first_error(script: str) -> None:
    path = ROOT / "scripts" / script
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()
