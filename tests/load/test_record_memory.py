"""A file of twenty thousand gifts is planned and brought within its time and memory, in its own process."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.load.installation import DONORHUB, ROOT

pytestmark = [pytest.mark.timeout(600)]
MOST_MB = 300
# A process that pytest starts inherits pytest's own peak; its child does not.
WATCHED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss // 1024, used.ru_utime + used.ru_stime)
sys.exit(code)
"""
HEADER = "Lp.;Imię i nazwisko;E-mail;Telefon;Ulica;Kod pocztowy;Miasto;Data wpłaty;Kwota;Tytuł;Uwagi"


class Use(NamedTuple):
    """What a command took."""

    mb: float
    cpu_s: float


def write_file(path: Path, count: int) -> None:
    """A spreadsheet of gifts of a quarter as many donors."""
    chance = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER.split(";"))
        for at in range(count):
            who = chance.randrange(max(count // 4, 1))
            writer.writerow(
                [
                    at + 1,
                    f"Anna Nowak{who}",
                    f"a{who}@example.org",
                    500_000_000 + who,
                    f"Lipowa {who % 200}",
                    f"{who % 90 + 10}-{who % 900 + 100}",
                    "Kraków",
                    f"{2015 + at % 10}-{at % 12 + 1:02d}-{at % 28 + 1:02d}",
                    f"{10 + at % 300},50",
                    f"darowizna {at % 50}",
                    "",
                ]
            )


def measure(home: Path, count: int) -> tuple[Use, Use]:
    """What planning such a file takes, and bringing it into a new database."""
    environ = {**os.environ, "DONORHUB_HOME": str(home), "DONORHUB_MODE": "test", "PYTHONPATH": str(ROOT)}
    subprocess.run([*DONORHUB, "db", "upgrade"], env=environ, check=True, capture_output=True)
    path = home / "gifts.csv"
    write_file(path, count)
    uses = []
    for option in ("--dry-run", "--yes"):
        command = [*DONORHUB, "import", "gifts", str(path), "--currency", "PLN", option]
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, *command], env=environ, check=True, capture_output=True, text=True
        )
        uses.append(Use(*map(float, done.stdout.split())))
    return uses[0], uses[1]


@pytest.mark.load
def test_twenty_thousand_rows(tmp_path: Path) -> None:
    """The plan takes under 20 s, all of it under 60 s and 300 MB."""
    planned, brought = measure(tmp_path, 20_000)
    print(f"planned: {planned}, brought: {brought}")
    assert planned.cpu_s < 20
    assert brought.cpu_s < 60
    assert max(planned.mb, brought.mb) < MOST_MB


@pytest.mark.whole
def test_a_thousand_rows_need_their_share(tmp_path: Path) -> None:
    """A thousand rows take a fraction of that, so that a row's cost shows every day."""
    planned, brought = measure(tmp_path, 1_000)
    print(f"planned: {planned}, brought: {brought}")
    assert planned.cpu_s < 8
    assert brought.cpu_s < 12
    assert brought.mb < MOST_MB * 0.75
