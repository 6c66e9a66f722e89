"""Files that mean harm: refused or read to the last good row, in little time and memory, and never a crash.

Each is read by ``importers.read`` in a process of its own. The limits are those of issue 3: 200 MB
above what the process had before, and 5 seconds, counted as CPU time since machines differ in load.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.importers.hostile import Case
from tests.importers.hostile_cases import LARGE, SMALL
from tests.importers.in_child import Children

MOST_SECONDS = 5
MOST_MB = 200


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Children]:
    with Children(tmp_path_factory.mktemp("hostile")) as children:
        yield children


def hold(children: Children, case: Case) -> None:
    taken = children.read(case.make())
    assert taken.failure == ""
    assert taken.seconds < MOST_SECONDS and taken.peak_mb < MOST_MB, (taken.seconds, taken.peak_mb)
    assert all(message and len(message) < 1000 for message in taken.messages)
    case.check(taken)


@pytest.mark.parametrize("name", SMALL)
def test_hostile_file_does_no_harm(children: Children, name: str) -> None:
    """A hostile file is refused or read to its last good row, within its limits of time and memory."""
    hold(children, SMALL[name])


@pytest.mark.load
@pytest.mark.parametrize("name", LARGE)
def test_large_hostile_file_does_no_harm(children: Children, name: str) -> None:
    """A large hostile file is refused or read to its last good row, within its limits of time and memory."""
    hold(children, LARGE[name])
