"""The application as a process has it."""

from __future__ import annotations

import gc

import donorhub.app  # noqa: F401  it freezes what it imports


def test_no_collection_walks_what_is_imported() -> None:
    assert gc.get_freeze_count() > 100_000
