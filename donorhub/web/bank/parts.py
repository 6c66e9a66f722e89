"""Deciding an entry by a form of its own: a new donor out of it, or a split between several gifts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import Donor, Instalment
from donorhub.models.states import DECIDABLE_ENTRIES
from donorhub.money import Money
from donorhub.schemas.donors import NewDonorSchema
from donorhub.services.bank.matching import entries, entry_views, gifts_by_hand, payer_keys
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import donors, duplicates, search
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.giving import funds
from donorhub.web.admission import require_permission
from donorhub.web.bank import choices
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.bank.choices import Item
from donorhub.web.bank.decided import answer_decision
from donorhub.web.bank.entries import render_entry
from donorhub.web.forms import Form, read_row_id
from donorhub.web.saving import commit, tell_reader
from importers.text import parse_amount

FEWEST: Final = 2
MOST: Final = 12
NAMESAKES: Final = 12
DONOR: Final = NewDonorSchema(exclude=("owner_id", "do_not_contact", "is_deceased"))


@bp.get("/entries/<int:entry_id>/new-donor")
@require_permission("entries:decide")
def show_new_donor(entry_id: int) -> str:
    """Show a form for the payer as a donor, filled in as far as the bank's text tells for certain."""
    return _render_new_donor(
        entry_id, Form(start=entries.list_donor_fields(entry_id, _read_detail_id(request.args)))
    )


def _read_detail_id(fields: Mapping[str, str]) -> int | None:
    return read_row_id(fields.get("detail"))


def _read_known_ids() -> list[int]:
    """Return the payer's donors that the form showed when it was opened."""
    ids = [read_row_id(word) for word in request.form.get("known", "").split()]
    return [donor_id for donor_id in ids if donor_id is not None]


def _render_new_donor(entry_id: int, form: Form, alike: Sequence[Donor] = ()) -> str:
    item = _get_item(entry_id)
    detail_id = _read_detail_id(request.values)
    payment = next((p for p in item.payments if p.detail_id == detail_id), item.payments[0])
    same = search.find_donors(payment.credit.name, limit=5).rows if payment.credit.name else ()
    alike_ids = [donor.id for donor in alike]
    payer_key = entries.find_payer_key(entry_id, payment.detail_id)
    known_ids = payer_keys.list_known_donors(payer_key) if payer_key else []
    return render_template(
        "bank/new_donor.html",
        item=item,
        payment=payment,
        form=form,
        same=[*alike, *(donor for donor in same if donor.id not in alike_ids)],
        alike_ids=alike_ids,
        known=" ".join(str(donor_id) for donor_id in known_ids),
    )


@bp.post("/entries/<int:entry_id>/new-donor")
@require_permission("entries:decide")
def add_donor(entry_id: int) -> Response | tuple[str, int]:
    """Add the payer as a donor and take the payment as the donor's gift; twice adds one. One who may be
    there already is asked about.
    """
    form = Form(request.form)
    alike: Sequence[Donor] = ()
    with form.start_saving():
        fields: DonorFields = form.load_fields(DONOR)
        alike = duplicates.list_alike(fields)
        donor = entries.create_donor_from(
            entry_id,
            fields,
            detail_id=_read_detail_id(request.form),
            known_ids=_read_known_ids(),
            alike_ids=form.list_ids("another"),
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_actor(),
        )
        commit()
        tell_reader(gettext("%(name)s is added as %(code)s.", name=donor.name, code=donor.code))
        return answer_decision(entry_id)
    if entries.get_entry(entry_id).state not in DECIDABLE_ENTRIES:
        return render_entry(entry_id, form), 422
    return _render_new_donor(entry_id, form, [donors.get_donor(donor.id) for donor in alike]), 422


# ---------------------------------------------------------------- split


@dataclass(slots=True)
class Row:
    """One part of a split as the form shows it."""

    number: int
    donor: Donor | None
    donors: Sequence[Donor]  # to choose of, where the text fits several
    open_instalments: Sequence[tuple[Instalment, int]]


@bp.get("/entries/<int:entry_id>/split")
@require_permission("entries:decide")
def show_split(entry_id: int) -> str:
    """Show a form for the parts of a payment: donor, amount, fund and what each settles."""
    detail_id = _read_detail_id(request.args)
    item = _get_item(entry_id)
    amount = entry_views.get_amount(item.entry, detail_id)
    start: dict[str, object] = {"count": FEWEST, "amount0": amount.as_text(), "detail": detail_id or ""}
    best = _list_proposed_donors(item, detail_id)
    start.update({f"who{n}": donor.code for n, donor in enumerate(best[:MOST])})
    return _render_split(item, Form(start=start))


def _get_item(entry_id: int) -> Item:
    return choices.list_items([entries.get_entry(entry_id)])[0]


def _list_proposed_donors(item: Item, detail_id: int | None) -> list[Donor]:
    for payment in item.payments:
        if payment.detail_id == detail_id and payment.choices:
            return [donor for donor, _ in payment.choices[0].donors]
    return []


def _render_split(item: Item, form: Form) -> str:
    detail_id = _read_detail_id({"detail": form.get_value("detail")})
    amount = entry_views.get_amount(item.entry, detail_id)
    return render_template(
        "bank/split.html",
        item=item,
        detail=detail_id,
        amount=amount,
        left=amount - Money(sum(_read_amounts(form, amount.currency)), amount.currency),
        rows=[_read_row(form, number, amount.currency) for number in range(_count_parts(form))],
        form=form,
        funds=funds.list_open_funds(),
        equal_gifts=gifts_by_hand.list_gifts_like(item.entry),
    )


def _count_parts(form: Form) -> int:
    return min(max(form.read_number("count", FEWEST, MOST) or FEWEST, FEWEST), MOST)


def _read_amounts(form: Form, currency: str) -> list[int]:
    return [
        _read_amount(form.get_value(f"amount{number}"), currency) or 0 for number in range(_count_parts(form))
    ]


def _read_amount(text: str, currency: str) -> int | None:
    if not text.strip():
        return 0
    try:
        return parse_amount(text, currency).minor
    except ValueError:
        return None


def _read_row(form: Form, number: int, currency: str) -> Row:
    text, donor_id = form.get_value(f"who{number}").strip(), form.get_value(f"donor{number}")
    donor_rows = _find_donors(text)
    only_donor = donor_rows[0] if len(donor_rows) == 1 else None
    donor = next((row for row in donor_rows if str(row.id) == donor_id), only_donor)
    open_instalments = entry_views.list_open_instalments(donor.id, currency) if donor else ()
    return Row(number, donor, donor_rows if len(donor_rows) > 1 else (), open_instalments)


def _find_donors(text: str) -> Sequence[Donor]:
    if not text:
        return ()
    donor = search.find_by_code(text)
    return [donor] if donor else search.find_donors(text, limit=NAMESAKES).rows


@bp.post("/entries/<int:entry_id>/split")
@require_permission("entries:decide")
def record_split(entry_id: int) -> Response | str | tuple[str, int]:
    """Look again, add a part, or record the parts; they must add up to the payment."""
    form = Form(request.form)
    detail_id = _read_detail_id(request.form)
    amount = entry_views.get_amount(entries.get_entry(entry_id), detail_id)
    if request.form.get("do") == "more" and form.texts is not None:
        form.texts = form.texts.copy()
        form.texts["count"] = str(_count_parts(form) + 1)
        return _render_split(_get_item(entry_id), form)
    if request.form.get("do") != "record":
        return _render_split(_get_item(entry_id), form)
    with form.start_saving() as saving:
        shares = _read_shares(form, amount)
        saving.refuse_errors()
        entries.accept_shares(
            entry_id,
            shares,
            detail_id=detail_id,
            equal_ids=form.list_ids("another"),
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_actor(),
        )
        commit()
        return answer_decision(entry_id)
    if entries.get_entry(entry_id).state not in DECIDABLE_ENTRIES:
        return render_entry(entry_id, form), 422
    return _render_split(_get_item(entry_id), form), 422


def _read_shares(form: Form, amount: Money) -> list[Share]:
    """Return the parts that are filled in; what is wrong stands beside its field."""
    shares: list[Share] = []
    fund_ids = [fund.id for fund in funds.list_open_funds()]
    for number in range(_count_parts(form)):
        minor = _read_amount(form.get_value(f"amount{number}"), amount.currency)
        row = _read_row(form, number, amount.currency)
        if minor is None or minor < 0:
            form.add_error(f"amount{number}", gettext("This is no amount: write it as 50,00 or 50.00."))
        if not minor and not form.get_value(f"who{number}").strip():
            continue
        if not minor:
            form.add_error(f"amount{number}", gettext("Please give an amount."))
        if row.donor is None:
            form.add_error(f"who{number}", _explain_no_donor(row))
        if minor and row.donor is not None:
            fund_id = form.choose_row(f"fund{number}", fund_ids)
            shares.append(Share(row.donor.id, minor, fund_id, _read_settlement(form, row, minor)))
    if not form.errors and sum(share.minor for share in shares) != amount.minor:
        form.add_error("", gettext("The parts must add up to the whole amount."))
    return shares


def _explain_no_donor(row: Row) -> str:
    if row.donors:
        return str(gettext("Several donors fit: please choose one."))
    return str(gettext("Nobody is found: write the code, the e-mail or the name."))


def _read_settlement(form: Form, row: Row, minor: int) -> dict[int, int] | None:
    """Return what the part settles: what the engine says (None), nothing, or the instalment that was
    chosen.
    """
    answer = form.get_value(f"settles{row.number}")
    if answer == "none":
        return {}
    for instalment, open_minor in row.open_instalments:
        if answer == str(instalment.id):
            return {instalment.id: min(minor, open_minor)}
    return None
