"""What a receipt lacks before it may be issued: facts of the receipt, and the country's pack.

It sees only the receipt. Whether a gift was refunded or the donor is unknown is for the
service that makes the receipt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from donorhub.money import Money, sum_money
from receipts.document import MOST_LINES, Receipt, UnprintableText
from receipts.packs import Pack
from receipts.phrases import METHODS
from receipts.text import find_undrawable, get_longest, list_texts, make_printable
from receipts.words import write_in_words

_CODES_AND_NAMES: Final = {
    "organisation.legal_name": ("organisation_name_missing", "the organisation's legal name"),
    "organisation.address_lines": ("organisation_address_missing", "the organisation's address"),
    "organisation.signatory_name": ("signatory_missing", "the name of the person who signs"),
    "organisation.account": ("organisation_account_missing", "the organisation's bank account"),
    "organisation.exemption": ("exemption_missing", "the decision on public-benefit status"),
    "organisation.place": ("place_missing", "the place of issue"),
    "donor.name_line": ("donor_name_missing", "the donor's name"),
    "donor.address_lines": ("donor_address_missing", "the donor's address"),
    "donor.ids": ("donor_id_missing", "the donor's personal or fiscal number"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is missing or wrong; with an ``error`` the receipt should not be issued.

    ``code`` is stable and made for translation, ``message`` an English sentence with the
    way out, ``where`` a place such as ``donor.address_lines`` or ``lines.2``.
    """

    level: Literal["warning", "error"]
    code: str
    message: str
    where: str


def check_receipt(receipt: Receipt, pack: Pack) -> list[Problem]:
    """Return all that stands against the receipt under these rules, errors first; empty when nothing does."""
    problems = [
        *_check_texts(receipt),
        *_check_fields(receipt, pack),
        *_check_state(receipt),
        *_check_lines(receipt),
        *_check_total(receipt),
    ]
    if receipt.lang not in pack.languages:
        problems.append(
            Problem(
                "warning",
                "language_not_usual",
                f"receipts of {pack.jurisdiction} are written in {' or '.join(pack.languages)}, "
                f"not in {receipt.lang}: choose one of them for the tax office",
                "lang",
            )
        )
    return sorted(problems, key=lambda problem: problem.level)


def _check_texts(receipt: Receipt) -> Iterator[Problem]:
    for where, text in list_texts(receipt):
        try:
            printable_text = make_printable(text, where, longest=get_longest(where))
        except UnprintableText as e:
            yield Problem("error", "text_unprintable", str(e), where)
            continue
        if letters := find_undrawable(printable_text):
            yield Problem(
                "warning",
                "letters_not_in_font",
                f"our font has no shape for {letters} in {where}: write it in Latin letters",
                where,
            )


def _check_fields(receipt: Receipt, pack: Pack) -> Iterator[Problem]:
    for where in pack.required_places:
        if not _has_field(receipt, where):
            yield _report_missing("error", where, pack)
    for where in pack.company_places if receipt.donor.is_company else ():
        if not _has_field(receipt, where):
            # A company of another country has that country's number and can never enter ours.
            yield _report_missing("warning" if receipt.donor.ids else "error", where, pack)
    for where in pack.expected_places:
        if not _has_field(receipt, where):
            yield _report_missing("warning", where, pack)


def _has_field(receipt: Receipt, where: str) -> bool:
    owner, name, *key = where.split(".")
    value = getattr(getattr(receipt, owner), name)
    if key:
        value = value.get(key[0], "")
    return bool(value.strip() if isinstance(value, str) else value)


def _report_missing(level: Literal["warning", "error"], where: str, pack: Pack) -> Problem:
    if where in _CODES_AND_NAMES:
        code, what = _CODES_AND_NAMES[where]
    else:
        owner, _, name = where.partition(".ids.")
        code, what = f"{owner}_id_missing", f"the {owner}'s {name}"
    verb = "must" if level == "error" else "usually"
    return Problem(
        level,
        code,
        f"a receipt of {pack.jurisdiction} {verb} {_conjugate_show(level)} {what}: enter it and try again",
        where,
    )


def _conjugate_show(level: str) -> str:
    return "show" if level == "error" else "shows"


def _check_state(receipt: Receipt) -> Iterator[Problem]:
    if receipt.state == "draft" and receipt.number:
        yield Problem(
            "error", "draft_has_number", "a draft has no number: issue it, or take it away", "number"
        )
    if receipt.state != "draft" and not receipt.number:
        yield Problem(
            "error", "number_missing", "an issued receipt has a number: issue it in a series", "number"
        )
    if receipt.state == "void" and receipt.voided_on is None:
        yield Problem(
            "error", "void_date_missing", "a void receipt tells since when: give the day", "voided_on"
        )
    if receipt.kind == "annual" and receipt.period is None:
        yield Problem(
            "error", "period_missing", "an annual receipt tells its period: give both days", "period"
        )
    if receipt.period and receipt.period[0] > receipt.period[1]:
        yield Problem("error", "period_reversed", "the period ends before it starts: swap its days", "period")


def _check_lines(receipt: Receipt) -> Iterator[Problem]:
    if not receipt.lines:
        yield Problem("error", "no_lines", "the receipt names no gift: add one", "lines")
    if receipt.kind == "single" and len(receipt.lines) > 1:
        yield Problem(
            "error",
            "several_lines",
            "a single receipt is for one gift: make an annual one of several",
            "lines",
        )
    if len(receipt.lines) > MOST_LINES:
        yield Problem(
            "error",
            "too_many_lines",
            f"{len(receipt.lines)} gifts are too many for one receipt: issue one for each part of the year",
            "lines",
        )
    for n, line in enumerate(receipt.lines, 1):
        where = f"lines.{n}"
        if line.amount.minor <= 0:
            yield Problem("error", "amount_not_positive", f"line {n} is {line.amount}: leave it out", where)
        if line.received_on > receipt.issued_on:
            yield Problem(
                "error",
                "received_after_issue",
                f"line {n} came on {line.received_on}, after the receipt",
                where,
            )
        if receipt.period and not receipt.period[0] <= line.received_on <= receipt.period[1]:
            yield Problem(
                "error", "outside_period", f"line {n} of {line.received_on} is outside the period", where
            )
        if line.method == "in_kind" and not line.goods.strip():
            yield Problem("error", "goods_missing", f"line {n} is in kind: say what was given", where)
        if line.method not in METHODS:
            yield Problem(
                "warning",
                "method_unknown",
                f"line {n} has the method {line.method!r}: it prints as other",
                where,
            )


def _check_total(receipt: Receipt) -> Iterator[Problem]:
    currencies = {line.amount.currency for line in receipt.lines} | {receipt.total.currency}
    if len(currencies) > 1:
        codes = ", ".join(sorted(currencies))
        yield Problem(
            "error", "mixed_currencies", f"the receipt has {codes}: make one receipt per currency", "total"
        )
        return
    sum_of_lines = sum_money((line.amount for line in receipt.lines), receipt.total.currency)
    if sum_of_lines != receipt.total:
        yield Problem(
            "error",
            "total_differs",
            f"the lines add up to {sum_of_lines} and not to {receipt.total}",
            "total",
        )
    yield from _check_words(receipt.total)


def _check_words(money: Money) -> Iterator[Problem]:
    try:
        write_in_words(money, "en")
    except ValueError as e:
        yield Problem("error", "no_words", str(e), "total")
