"""What stands against a receipt, each with a code the pages can translate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from donorhub.money import Money
from receipts import Line, Receipt, check_receipt, get_pack
from receipts.document import MOST_LINES
from tests.receipts import samples


def _codes(receipt: Receipt) -> set[tuple[str, str, str]]:
    problems = check_receipt(receipt, get_pack(receipt.jurisdiction, receipt.issued_on))
    return {(problem.level, problem.code, problem.where) for problem in problems}


def test_nothing_stands_against_a_complete_receipt() -> None:
    assert _codes(samples.receipt()) == set()
    assert _codes(samples.annual(60)) == set()


@pytest.mark.parametrize(
    ("changes", "level", "code", "where"),
    [
        (
            {"donor": replace(samples.JAN, address_lines=())},
            "error",
            "donor_address_missing",
            "donor.address_lines",
        ),
        ({"donor": replace(samples.JAN, name_line=" ")}, "error", "donor_name_missing", "donor.name_line"),
        ({"donor": replace(samples.JAN, name_line="a\x00")}, "error", "text_unprintable", "donor.name_line"),
        (
            {"donor": replace(samples.JAN, name_line="王芳")},
            "warning",
            "letters_not_in_font",
            "donor.name_line",
        ),
        (
            {"organisation": replace(samples.FOUNDATION, ids={})},
            "warning",
            "organisation_id_missing",
            "organisation.ids.KRS",
        ),
        (
            {"organisation": replace(samples.FOUNDATION, legal_name="")},
            "error",
            "organisation_name_missing",
            "organisation.legal_name",
        ),
        ({"lang": "sq"}, "warning", "language_not_usual", "lang"),
        ({"number": ""}, "error", "number_missing", "number"),
        ({"state": "draft"}, "error", "draft_has_number", "number"),
        ({"state": "void"}, "error", "void_date_missing", "voided_on"),
        ({"kind": "annual"}, "error", "period_missing", "period"),
        ({"period": (date(2026, 2, 1), date(2026, 1, 1))}, "error", "period_reversed", "period"),
        ({"period": (date(2025, 1, 1), date(2025, 12, 31))}, "error", "outside_period", "lines.1"),
        ({"lines": (), "total": Money(0, "PLN")}, "error", "no_lines", "lines"),
        (
            {"lines": (samples.GIFT, samples.GIFT), "total": Money(249300, "PLN")},
            "error",
            "several_lines",
            "lines",
        ),
        ({"total": Money(124651, "PLN")}, "error", "total_differs", "total"),
        ({"total": Money(124650, "EUR")}, "error", "mixed_currencies", "total"),
        ({"issued_on": date(2026, 3, 4)}, "error", "received_after_issue", "lines.1"),
        ({"lines": (replace(samples.GIFT, method="in_kind"),)}, "error", "goods_missing", "lines.1"),
        ({"lines": (replace(samples.GIFT, method="barter"),)}, "warning", "method_unknown", "lines.1"),
        (
            {"lines": (replace(samples.GIFT, amount=Money(0, "PLN")),), "total": Money(0, "PLN")},
            "error",
            "amount_not_positive",
            "lines.1",
        ),
        (
            {"lines": (replace(samples.GIFT, amount=Money(-5, "PLN")),), "total": Money(-5, "PLN")},
            "error",
            "no_words",
            "total",
        ),
    ],
)
def test_faults_have_a_code_and_place(changes: dict[str, Any], level: str, code: str, where: str) -> None:
    """What is missing or wrong has a code and a place, so that the page can lead to the field."""
    assert (level, code, where) in _codes(samples.receipt(**changes))


def test_errors_come_before_warnings() -> None:
    """Errors come before warnings, and every message names a way out."""
    bad = samples.receipt(lang="sq", number="", organisation=replace(samples.FOUNDATION, ids={}))
    problems = check_receipt(bad, get_pack("PL", bad.issued_on))
    assert [problem.level for problem in problems] == ["error", "error", "warning", "warning", "warning"]
    assert "a receipt of PL must show the organisation's NIP: enter it and try again" in problems[0].message
    assert "must" not in problems[2].message


def test_albania_and_kosovo_want_signatory() -> None:
    """Albania and Kosovo want a signatory and, of a company, its tax number; without them no receipt is
    made."""
    company = replace(samples.JAN, is_company=True)
    unsigned = replace(samples.SHOQATA, signatory_name="")
    for country, number in (("AL", "NIPT"), ("XK", "NUI")):
        codes = _codes(samples.in_country(country, "sq", donor=company, organisation=unsigned))
        assert ("error", "signatory_missing", "organisation.signatory_name") in codes
        assert ("error", "donor_id_missing", f"donor.ids.{number}") in codes


def test_foreign_company_is_only_warned_of() -> None:
    """A company of another country has that country's number, so its missing NIPT or NUI is only a
    warning."""
    foreign = replace(samples.JAN, is_company=True, ids={"NIP": "5252810770"})
    for country, number in (("AL", "NIPT"), ("XK", "NUI")):
        codes = _codes(samples.in_country(country, "sq", donor=foreign, organisation=samples.SHOQATA))
        assert ("warning", "donor_id_missing", f"donor.ids.{number}") in codes
        assert ("error", "donor_id_missing", f"donor.ids.{number}") not in codes


def test_a_person_needs_no_company_number() -> None:
    line = Line(date(2026, 3, 5), Money(5000, "EUR"), "transfer")
    gift = samples.in_country("XK", "sq", organisation=samples.SHOQATA, lines=(line,), total=line.amount)
    assert _codes(gift) == {("warning", "donor_id_missing", "donor.ids")}


def test_too_many_gifts_take_no_number() -> None:
    """More gifts than a document can show are refused before the receipt takes a number."""
    lines = (samples.GIFT,) * (MOST_LINES + 1)
    made = samples.receipt(
        kind="annual",
        lines=lines,
        total=Money(samples.GIFT.amount.minor * len(lines), "PLN"),
        period=(date(2026, 1, 1), date(2026, 12, 31)),
    )
    assert _codes(made) == {("error", "too_many_lines", "lines")}
