"""What a receipt will say: the printed document, made of the organisation, the donor and the gifts.

It takes no number and writes nothing; whether the gifts may be receipted is asked before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, cast

from sqlalchemy import select

import receipts as printed
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import BankAccount, Donor, Gift, Organisation
from donorhub.money import Money, sum_money
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from receipts.document import DonorBlock, Lang, Line
from receipts.document import Organisation as PrintedOrganisation
from receipts.document import Receipt as Document

_WHO: Final = ("organisation.", "donor.")  # places of a receipt that say who received and who gave
_WHOLE_ADDRESS: Final = 2  # lines: the street, and the town
PRINTED_METHODS: Final = {"blik": "online", "wallet": "online"}  # what receipts.phrases calls them


def draft_document(
    ours: Organisation,
    donor: Donor | None,
    gift_rows: Sequence[Gift],
    lines: Sequence[Money],
    *,
    issued_on: date,
    lang: str,
    replaces: str,
) -> Document:
    """Return what is to be printed, without a number yet; ``replaces`` is the old receipt's number or
    empty. Without gifts, or a donor, it only shows what else is missing.
    """
    currency = gift_rows[0].currency if gift_rows else ours.home_currency
    pack = printed.get_pack(ours.jurisdiction, issued_on)
    return Document(
        number="",
        kind="annual" if len(gift_rows) > 1 else "single",
        state="draft",
        jurisdiction=ours.jurisdiction,
        rule_pack_version=pack.version,
        template_version=printed.TEMPLATE_VERSION,
        lang=cast(Lang, lang),
        issued_on=issued_on,
        organisation=_make_printed_organisation(ours, currency),
        donor=_make_printed_donor(donor),
        lines=tuple(
            Line(
                gift.received_on,
                line,
                PRINTED_METHODS.get(gift.method, gift.method),
                _write_purpose(gift),
                goods=gift.goods if gift.method == "in_kind" else "",
            )
            for gift, line in zip(gift_rows, lines, strict=True)
        ),
        total=sum_money(lines, currency),
        period=(gift_rows[0].received_on, gift_rows[-1].received_on) if len(gift_rows) > 1 else None,
        replaces=replaces,
    )


def number_document(document: Document, number: str, issued_on: date) -> Document:
    """Return the draft as it is issued."""
    return dataclasses.replace(document, number=number, issued_on=issued_on, state="issued")


def refuse_problems(document: Document) -> None:
    """Raise Rejected, with all of them, when the country's rules or the print lack something."""
    errors = [problem for problem in list_problems(document) if problem.level == "error"]
    if errors:
        raise Rejected(
            "; ".join(problem.message for problem in errors),
            code="receipt_incomplete",
            problems=[problem.code for problem in errors],
            places=[problem.where for problem in errors],
        )


def list_warnings(document: Document) -> list[str]:
    """Return what does not stop a receipt and still should be looked at, in English sentences with the way
    out.
    """
    return [problem.message for problem in list_warned(document)]


def list_warned(document: Document) -> list[printed.Problem]:
    """Return these warnings with their codes and places."""
    return [problem for problem in list_problems(document) if problem.level == "warning"]


def list_problems(document: Document) -> list[printed.Problem]:
    """Return all that stands against a receipt, or should be looked at."""
    issued_document = document if document.number else number_document(document, "CHECK", document.issued_on)
    pack = printed.get_pack(document.jurisdiction, document.issued_on)
    wrong_of_ours = list(_list_wrong_of_ours(document.organisation))
    places = {problem.where for problem in wrong_of_ours}
    others = printed.check_receipt(issued_document, pack)
    return [*wrong_of_ours, *(problem for problem in others if problem.where not in places)]


def list_gaps(donor: Donor, *, today: date) -> list[printed.Problem]:
    """Return what the organisation and the donor lack of what the country's receipts must show."""
    document = draft_document(
        organisation.get_organisation(), donor, (), (), issued_on=today, lang=donor.lang, replaces=""
    )
    return _list_errors_about(_WHO, document)


def list_own_gaps(*, today: date) -> list[printed.Problem]:
    """Return what the organisation lacks, whoever the donor is."""
    document = draft_document(
        organisation.get_organisation(), None, (), (), issued_on=today, lang="en", replaces=""
    )
    return _list_errors_about(_WHO[:1], document)


def _list_errors_about(places: tuple[str, ...], document: Document) -> list[printed.Problem]:
    return [
        problem
        for problem in list_problems(document)
        if problem.level == "error" and problem.where.startswith(places)
    ]


def _list_wrong_of_ours(ours: PrintedOrganisation) -> Iterator[printed.Problem]:
    """Return what no receipt may say of us, whatever its country's rules ask for."""
    if not organisation.is_legal_name(ours.legal_name):
        yield _make_error("organisation_name_missing", "legal_name", "a receipt must show the legal name")
    if len(ours.address_lines) < _WHOLE_ADDRESS or not ours.place.strip():
        yield _make_error(
            "organisation_address_missing", "address_lines", "a receipt must show street and town"
        )
    for name, number in ours.ids.items():
        if organisation.has_wrong_digits(name, number):
            yield _make_error(
                "organisation_id_wrong", f"ids.{name}", f"this is no {name}: compare its digits"
            )


def _make_error(code: str, place: str, what: str) -> printed.Problem:
    message = f"{what} of the organisation: enter it in the settings and try again"
    return printed.Problem("error", code, message, f"organisation.{place}")


def _make_printed_organisation(ours: Organisation, currency: str) -> PrintedOrganisation:
    account = db.session.scalar(
        select(BankAccount.number).where(BankAccount.currency == currency).order_by(BankAccount.id).limit(1)
    )
    place = " ".join(part for part in (ours.postcode, ours.city) if part)
    return PrintedOrganisation(
        legal_name=ours.legal_name,
        address_lines=tuple(line for line in (ours.street, place) if line),
        ids={name: str(value) for name, value in ours.ids.items()},
        place=ours.city,
        signatory_name=ours.signatory_name,
        signatory_role=ours.signatory_role,
        account=account or "",
        exemption=ours.exemption,
        contact=ours.contact,
    )


def _make_printed_donor(donor: Donor | None) -> DonorBlock:
    if donor is None:
        return DonorBlock(name_line="")
    return DonorBlock(
        # A place-holder is no person: a receipt would keep it from giving way to who really gave.
        name_line="" if donors.has_made_up_name(donor) else donor.name,
        address_lines=_list_address_lines(donor),
        ids={donors.get_tax_number_label(donor): donor.tax_number} if donor.tax_number else {},
        is_company=donor.kind == "organisation",
    )


def _list_address_lines(donor: Donor) -> tuple[str, ...]:
    place = " ".join(part for part in (donor.postcode, donor.city) if part)
    return tuple(line for line in (donor.street, place) if line)


def _write_purpose(gift: Gift) -> str:
    return ", ".join(part.fund.name for part in gift.designations)
