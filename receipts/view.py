"""The values a receipt's template prints: every figure, date and label already formed.

The template holds no rule and reckons nothing; what it shows is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from receipts import figures
from receipts.document import Lang, Line, Receipt
from receipts.packs import Pack, When
from receipts.phrases import PHRASES, get_method_name
from receipts.words import write_in_words


def make_values(receipt: Receipt, pack: Pack) -> dict[str, Any]:
    """Return the template's variables; raise ValueError when the total cannot be written in words."""
    lang = receipt.lang
    return {
        "lang": lang,
        "say": PHRASES[lang],
        "title": pack.get_title(receipt.kind, lang),
        "kind": receipt.kind,
        "number": receipt.number,
        "issued_on": figures.write_long_date(receipt.issued_on, lang),
        "issued_iso": receipt.issued_on.isoformat(),
        "changed_iso": (receipt.voided_on or receipt.issued_on).isoformat(),
        "period": _show_period(receipt),
        "replaces": receipt.replaces,
        "marks": list(_list_marks(receipt)),
        "notices": list(_list_notices(receipt)),
        "organisation": receipt.organisation,
        "account": figures.write_account(receipt.organisation.account),
        "donor": receipt.donor,
        "lines": [_show_line(line, lang) for line in receipt.lines],
        "total": figures.write_amount(receipt.total, lang),
        "words": write_in_words(receipt.total, lang),
        "sentences": list_sentences(receipt, pack),
        "thanks": receipt.state != "void",
    }


def list_sentences(receipt: Receipt, pack: Pack) -> list[str]:
    """Return what the pack wants said on a receipt of this sort, in the receipt's language."""
    sorts = _find_sorts(receipt)
    return [one.text[receipt.lang] for one in pack.sentences if one.when in sorts]


def _find_sorts(receipt: Receipt) -> set[When]:
    methods = {line.method for line in receipt.lines}
    conditions: dict[When, bool] = {
        "always": True,
        "cash": "cash" in methods,
        "in_kind": "in_kind" in methods,
        "company": receipt.donor.is_company,
        "person": not receipt.donor.is_company,
        "annual": receipt.kind == "annual",
        "unsigned": not receipt.organisation.signatory_name,
    }
    return {sort for sort, is_true in conditions.items() if is_true}


def _show_line(line: Line, lang: Lang) -> dict[str, str]:
    return {
        "date": figures.write_short_date(line.received_on, lang),
        "method": get_method_name(line.method, lang),
        "purpose": line.purpose,
        "reference": line.reference,
        "goods": line.goods,
        "amount": figures.write_amount(line.amount, lang),
    }


def _show_period(receipt: Receipt) -> str:
    if receipt.period is None:
        return ""
    first, last = receipt.period
    return f"{figures.write_long_date(first, receipt.lang)} – {figures.write_long_date(last, receipt.lang)}"


def _list_marks(receipt: Receipt) -> Iterator[str]:
    """Return the words across the page. A copy of a void receipt shows both, the void one first."""
    say = PHRASES[receipt.lang]
    if receipt.state in ("draft", "void"):
        yield say[f"mark_{receipt.state}"]
    if receipt.is_copy:
        yield say["mark_copy"]


def _list_notices(receipt: Receipt) -> Iterator[str]:
    say = PHRASES[receipt.lang]
    if receipt.state == "draft":
        yield say["draft_note"]
    if receipt.state == "void":
        yield _write_void_notice(receipt)
    if receipt.is_copy:
        yield say["copy_note"]


def _write_void_notice(receipt: Receipt) -> str:
    say = PHRASES[receipt.lang]
    parts = [say["void_note"]]
    if receipt.voided_on:
        parts.append(f"{say['void_on']} {figures.write_long_date(receipt.voided_on, receipt.lang)}")
    if receipt.void_reason:
        parts.append(f"{say['reason']}: {receipt.void_reason}")
    if receipt.replaced_by:
        parts.append(f"{say['replaced_by']} {receipt.replaced_by}")
    # Some parts end with a full stop of their own: "1 kwietnia 2026 r."
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts)
