"""Drafts: what reading a file leaves to be stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from donorhub.services.bank.files import statement_drafts
from tests.importers.ofx.test_ofx import document, row, statement

FILES = Path(__file__).parents[3] / "files"


def test_nothing_of_a_statement_that_was_given_up_comes_into_the_next_one() -> None:
    data = document(statement(row(), *[row("x")] * 1_001), statement(row("3.00"))).encode()
    (draft,) = statement_drafts.draft_statements(data, "a.ofx").statements
    assert (len(draft.items), len(draft.rows), draft.sum_minor) == (1, 1, 300)


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.ofx")), ids=lambda path: path.name)
def test_the_rows_of_a_file_are_plain_values_that_can_be_packed_whichever_reader_made_them(
    path: Path,
) -> None:
    for draft in statement_drafts.draft_statements(path.read_bytes(), path.name, currency="EUR").statements:
        assert {type(value) for row in draft.rows for value in row} <= {str, int, type(None)}
        assert len(draft.rows) == len(draft.items)
