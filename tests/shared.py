"""Sample files of others, which this project does not hold: without them their tests skip, and say so.

They lie beside the project in ``shared``, or where ``DONORHUB_SHARED`` says. Whatever matters has a sample of
our own making in the same tests.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

SHARED: Final = Path(os.environ.get("DONORHUB_SHARED") or Path(__file__).resolve().parents[2] / "shared")
BANK: Final = SHARED / "corpora" / "bank"
CASES: Final = SHARED / "corpora" / "cases"
STRIPE: Final = SHARED / "corpora" / "webhooks" / "stripe"
REASON: Final = "needs sample files that are not part of this project: docs/contributing.md, Run it, test it"

Case = TypeVar("Case")


def needs_shared(folder: Path) -> pytest.MarkDecorator:
    """Skip a test, and say why, where a folder of the shared files is not there."""
    return pytest.mark.skipif(not folder.exists(), reason=REASON)


def list_shared(folder: Path, pattern: str) -> list[Path]:
    """The shared files of a folder, in order; none where it is not there."""
    return sorted(folder.glob(pattern))


def or_skip(cases: Sequence[Case], width: int = 1) -> list[Any]:
    """The cases of a test, or one of ``width`` arguments that is skipped and says why."""
    return list(cases) or [pytest.param(*(None,) * width, marks=pytest.mark.skip(reason=REASON), id="shared")]
