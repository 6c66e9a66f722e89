"""Drafts: what reading a file leaves to be stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from donorhub.services.bank.files import statement_drafts
from tests.importers.ofx.test_ofx import document, row, statement

FILES = Path(__file__).parents[3] / "files"


def test_given_up_statement_leaves_nothing_behind() -> None:
    """Nothing of a statement that was given up comes into the next one."""
    data = document(statement(row(), *[row("x")] * 1_001), statement(row("3.00"))).encode()
    (draft,) = statement_drafts.draft_statements(data, "a.ofx").statements
    assert (len(draft.items), len(draft.rows), draft.sum_minor) == (1, 1, 300)


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.ofx")), ids=lambda path: path.name)
def test_rows_are_plain_packable_values(
    path: Path,
) -> None:
    """The rows of a file are plain values that can be packed, whichever reader made them."""
    for draft in statement_drafts.draft_statements(path.read_bytes(), path.name, currency="EUR").statements:
        assert {type(value) for row in draft.rows for value in row} <= {str, int, type(None)}
        assert len(draft.rows) == len(draft.items)
