"""Drafts: what reading a file leaves to be stored."""

from __future__ import annotations

from donorhub.services import statement_drafts
from tests.importers.test_ofx import document, row, statement


def test_nothing_of_a_statement_that_was_given_up_comes_into_the_next_one() -> None:
    data = document(statement(row(), *[row("x")] * 1_001), statement(row("3.00"))).encode()
    (draft,) = statement_drafts.draft(data, "a.ofx").statements
    assert (len(draft.items), len(draft.rows), draft.sum_minor) == (1, 1, 300)
