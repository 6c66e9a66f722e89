"""Unknown payers: all at once, with their money and what to look at first, and one button that makes donors.

The choice is kept while one turns the pages, in the form itself: nothing is stored before the button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.bank.matching.unknown_payers import PayerDoubt, UnknownPayer
from donorhub.errors import Changed, Rejected
from donorhub.models import Donor
from donorhub.money import Money
from donorhub.schemas.payers import NewPayer, PayerChoiceSchema
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import payer_batch_undo, payer_batches, unknown_payers
from donorhub.services.bank.matching.payer_batch_undo import BatchUndo
from donorhub.services.bank.matching.payer_batches import PayerChoice, Selection
from donorhub.services.bank.matching.unknown_payers import UnknownPayers
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import Form, read_row_id
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words.labels import Words

AT_ONCE: Final = 50  # payers on a page
DOUBTS: Final[Words[PayerDoubt]] = {
    "no_name": lazy_gettext("the bank gives no name"),
    "one_word": lazy_gettext("one word alone is no whole name"),
    "initial": lazy_gettext("a name with an initial"),
    "two_given_names": lazy_gettext("which is the given name?"),
    "no_given_name": lazy_gettext("no given name that we know"),
    "too_many_words": lazy_gettext("more words than a name has"),
    "two_people": lazy_gettext("two people on one account"),
    "organisation": lazy_gettext("an organisation"),
    "tax_office": lazy_gettext("a tax office"),
    "provider": lazy_gettext("collects for others"),
    "no_account": lazy_gettext("the bank gives no account"),
    "several_names": lazy_gettext("several names on one account"),
    "may_be_known": lazy_gettext("may be a donor already"),
    "words_against": lazy_gettext("the text speaks of a purchase, a rent or a return"),
    "over_cap": lazy_gettext("above the amount that asks"),
    "once_without_words": lazy_gettext("came once, and the text does not sound like a gift"),
}
OBSTACLES: Final[Words[payer_batch_undo.ReasonKind]] = {
    "gift": lazy_gettext("has another gift"),
    "soft_credit": lazy_gettext("is recognised for another's gift"),
    "receipt": lazy_gettext("has a receipt"),
    "recurring_gift": lazy_gettext("has a recurring gift"),
    "payment": lazy_gettext("has a payment at a provider"),
    "message": lazy_gettext("was written to"),
    "task": lazy_gettext("somebody worked for them"),
    "interaction": lazy_gettext("somebody wrote or spoke with them, or noted something"),
    "tag": lazy_gettext("was given a tag"),
    "relationship": lazy_gettext("is related to another donor"),
    "household_member": lazy_gettext("belongs to a household"),
    "membership": lazy_gettext("is or was a member"),
    "donor_role": lazy_gettext("has or had a role"),
    "donor_file": lazy_gettext("a file is kept with them"),
    "merged": lazy_gettext("another donor was merged into them"),
    "changed": lazy_gettext("was changed since"),
    "closed_books": lazy_gettext("a gift lies in closed books"),
    "refund": lazy_gettext("something was taken from a gift"),
    "thanked": lazy_gettext("was thanked"),
}


@dataclass(frozen=True, slots=True)
class PayerRow:
    """A payer as the page shows them: ticked or not, with the sums by currency and who they may be."""

    payer: UnknownPayer
    is_ticked: bool
    choice: PayerChoice
    sums: Sequence[Money]
    candidates: Sequence[Donor]


@bp.get("/payers")
@require_permission("entries:decide")
def show_payers() -> str:
    """Show the unknown payers of all accounts, or of one, those first who are ticked beforehand."""
    account_id = read_row_id(request.args.get("account"))
    view = unknown_payers.find_unknown_payers(bank_account_id=account_id)
    selection = payer_batches.choose_payers(view)
    return _render_payers(selection, account_id, request.args.get("behind", ""))


@bp.post("/payers")
@require_permission("entries:decide")
def decide_payers() -> Response | str | tuple[str, int]:
    """Make donors of the payers as they were shown and ticked, or turn the page and keep the ticks.

    Where the payers, or the numbers on the button, are others than were shown, nothing is done and the page
    comes back with those of now.
    """
    fields = request.form
    account_id = read_row_id(fields.get("account"))
    leave, take = _read_choices(fields)
    if "to" in fields:
        view = unknown_payers.find_unknown_payers(bank_account_id=account_id)
        return _render_payers(
            payer_batches.choose_payers(view, leave=leave, take=take), account_id, fields["to"]
        )
    form, digest, sent_numbers = Form(fields), fields.get("digest", ""), fields.get("numbers", "")
    view = unknown_payers.find_unknown_payers(bank_account_id=account_id)
    selection = payer_batches.choose_payers(view, leave=leave, take=take)
    has_changed = view.digest != digest
    if not has_changed and sent_numbers != write_numbers(selection):
        page = _render_payers(selection, account_id, fields.get("behind", ""), note="numbers")
        return page, 422
    with form.start_saving():
        try:
            batch = payer_batches.make_donors(
                digest,
                leave=leave,
                take=take,
                bank_account_id=account_id,
                now=clock.now(),
                actor=get_actor(),
            )
        except Changed as e:
            if not isinstance(e.now, UnknownPayers):
                raise
            selection = payer_batches.choose_payers(e.now, leave=leave, take=take)
            return _render_payers(selection, account_id, fields.get("behind", ""), note="changed"), 422
        batch_id = batch.id
        commit()
        tell_reader(gettext("It is done, and can be undone as one."))
        return redirect(url_for("bank.show_payer_batch", batch_id=batch_id))
    return _render_payers(selection, account_id, fields.get("behind", ""), form=form), 422


def _read_choices(fields: MultiDict[str, str]) -> tuple[set[str], dict[str, PayerChoice]]:
    """Return who of those ticked beforehand is left, and who is taken with what was said of them."""
    here, ticked_ids = set(fields.getlist("row")), set(fields.getlist("take"))
    leave = (here - ticked_ids) | (set(fields.getlist("skip")) - here)
    taken_ids = ticked_ids | (set(fields.getlist("keep")) - here)
    return leave, {row_id: _read_choice(fields, row_id) for row_id in taken_ids}


def _read_choice(fields: Mapping[str, str], row_id: str) -> PayerChoice:
    """Return what the form says of one payer, as the schema of every door takes it."""
    names = {"donor_id": "who", "kind": "kind", "given_name": "given", "family_name": "family"}
    texts = {name: fields.get(f"{short}-{row_id}", "").strip() for name, short in names.items()}
    try:
        choice: NewPayer = PayerChoiceSchema().load(
            {"payer": row_id, **{name: text for name, text in texts.items() if text}}
        )
    except ValidationError as e:
        raise Rejected("a name or a choice of this payer cannot be read", code="payer_invalid") from e
    return PayerChoice(
        choice.get("donor_id"),
        choice.get("kind"),
        choice.get("given_name", ""),
        choice.get("family_name", ""),
    )


def write_numbers(selection: Selection) -> str:
    """Return the numbers on the button as the form sends them back."""
    sums = ",".join(f"{amount.currency}:{amount.minor}" for amount in selection.sums)
    return f"{len(selection.new_payers)}/{selection.gifts_count}/{sums}"


def _render_payers(
    selection: Selection, account_id: int | None, behind: str, *, note: str = "", form: Form | None = None
) -> str:
    payers = selection.view.payers
    places = {payer.row_id: n for n, payer in enumerate(payers)}
    start = places.get(behind, -1) + 1
    on_page = payers[start : start + AT_ONCE]
    ids_on_page = {payer.row_id for payer in on_page}
    candidates = unknown_payers.read_candidates(on_page)
    elsewhere = [payer for payer in payers if payer.row_id not in ids_on_page]
    others = Selection(
        selection.view, {one: choice for one, choice in selection.choices.items() if one not in ids_on_page}
    )
    return render_template(
        "bank/payers.html",
        rows=[_make_row(payer, selection, candidates) for payer in on_page],
        chosen=selection,
        numbers=write_numbers(selection),
        others=write_numbers(others),
        skipped=[one.row_id for one in elsewhere if one.is_ready and one.row_id not in selection.choices],
        kept={
            one.row_id: selection.choices[one.row_id]
            for one in elsewhere
            if not one.is_ready and one.row_id in selection.choices
        },
        behind=behind,
        earlier=payers[start - AT_ONCE - 1].row_id if start > AT_ONCE else "",
        has_earlier=start > 0,
        later=on_page[-1].row_id if start + AT_ONCE < len(payers) else "",
        doubts=DOUBTS,
        note=note,
        form=form or Form(),
        account_id=account_id,
        account=bank_accounts.get_account(account_id) if account_id else None,
    )


def _make_row(payer: UnknownPayer, selection: Selection, candidates: Mapping[int, Donor]) -> PayerRow:
    choice = selection.choices.get(payer.row_id)
    return PayerRow(
        payer,
        choice is not None,
        choice or PayerChoice(),
        unknown_payers.sum_payers([payer]),
        [candidates[id_] for id_ in payer.donor_ids if id_ in candidates],
    )


@bp.get("/payers/batches/<int:batch_id>")
@require_permission("entries:decide")
def show_payer_batch(batch_id: int) -> str:
    """Show what was made of many payers at once, and what undoing it would do."""
    return _render_batch(payer_batch_undo.show_undo(batch_id))


def _render_batch(view: BatchUndo, *, has_changed: bool = False) -> str:
    return render_template("bank/payer_batch.html", view=view, obstacles=OBSTACLES, has_changed=has_changed)


@bp.post("/payers/batches/<int:batch_id>/undo")
@require_permission("entries:decide")
def undo_payer_batch(batch_id: int) -> Response | tuple[str, int]:
    """Take the donors and gifts away again that were made at once, as the page showed it."""
    try:
        payer_batch_undo.undo_batch(
            batch_id, request.form.get("digest", ""), now=clock.now(), actor=get_actor()
        )
    except Changed as e:
        if not isinstance(e.now, BatchUndo):
            raise
        return _render_batch(e.now, has_changed=True), 422
    commit()
    tell_reader(gettext("Undone: the entries wait again as before."))
    return redirect(url_for("bank.show_payer_batch", batch_id=batch_id))
