"""Writing to one donor from their page: an e-mail or a letter, previewed; and noting that they were
thanked.
"""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.config import Settings
from donorhub.domain.messages.written import WRITING_CATEGORIES, WRITING_CHANNELS, WRITING_KINDS
from donorhub.models import Donor
from donorhub.models.states import find_word
from donorhub.schemas.limits import OUTCOME, SUBJECT
from donorhub.services.access import idempotency
from donorhub.services.donors import donors
from donorhub.services.messages import thanks_by_hand, writing
from donorhub.services.messages.writing import Draft, Wish
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.forms import Form, make_key
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import text_words
from receipts import convert_markdown

bp = Blueprint("writing", __name__, url_prefix="/donors")
Answer = Response | str | tuple[str, int]


@bp.get("/<int:donor_id>/write")
@require_permission("donors:read", "messages:write")
def show_form(donor_id: int) -> str:
    """Show an empty form; the address may name the channel and the gifts that are thanked for."""
    donor = _get_donor(donor_id)
    channel = find_word(request.args.get("channel"), WRITING_CHANNELS) or ("email" if donor.email else "post")
    gift_ids = Form(request.args).list_values("gift")
    start = {
        "key": make_key(),
        "channel": channel,
        "kind": "thank_you" if gift_ids else "personal",
        "category": "transactional",
        "gift_ids": gift_ids,
    }
    return _render_form(donor, Form(start=start))


@bp.post("/<int:donor_id>/write")
@require_permission("donors:read", "messages:write")
def write_message(donor_id: int) -> Answer:
    """Show what would be written; or write what was shown, once however often the form is sent."""
    donor = _get_donor(donor_id)
    form = Form(request.form)
    act = form.read_choice("act", ("preview", "write"))
    settings: Settings = current_app.extensions["donorhub.settings"]
    with form.start_saving() as saving:
        wish, key = _read_wish(form), form.read_key()
        saving.refuse_errors()
        if act == "preview":
            return _render_form(donor, form, _make_draft(donor, wish))
        message, _is_new = writing.write_to_donor(
            donor,
            wish,
            digest=form.get_value("digest"),
            key=key,
            author=get_principal().name,
            now=clock.now(),
            actor=get_principal().actor,
            domain=settings.mail_domain,
        )
        commit()
        tell_reader(
            gettext("The e-mail is on its way.")
            if message.channel == "email"
            else gettext("The letter is kept. Print it, and say here when it is posted.")
        )
        return redirect(url_for("messages.show_message", message_id=message.id))
    return _render_form(_get_donor(donor_id), form, _find_draft(_get_donor(donor_id), form)), 422


@bp.post("/<int:donor_id>/thanked")
@require_permission("donors:read", "gifts:read", "messages:write")
def note_thanks(donor_id: int) -> Answer:
    """Record that the donor was thanked on the phone: the program does not thank for these gifts too."""
    donor = _get_donor(donor_id)
    form = Form(request.form)
    with form.start_saving() as saving:
        key, text = form.read_key(), form.read_line("said", OUTCOME)
        saving.refuse_errors()
        actor = get_principal().actor
        once = idempotency.take_key(actor, "form:writing.thanked", key, fingerprint="form", now=clock.now())
        is_new = False
        if not once.status:
            text = text or gettext("Thanked on the phone.")
            gift_ids = form.list_ids("gift_ids")
            is_new = thanks_by_hand.note_call(donor, gift_ids, text, now=clock.now(), actor=actor)
            idempotency.store_answer(once, status=302, headers={}, body=b"")
        commit()
        tell_reader(
            gettext("Noted. These gifts are thanked for by nobody else.")
            if is_new
            else gettext("It was so already.")
        )
        return redirect(url_for("donors.show_donor", donor_id=donor.id))
    return _render_form(_get_donor(donor_id), form), 422


def _get_donor(donor_id: int) -> Donor:
    return donors.get_donor(donor_id, owner_id=get_own_list())


def _read_wish(form: Form) -> Wish:
    """Return what a form asks to be written; what is wrong stands beside its fields."""
    kind = form.read_choice("kind", WRITING_KINDS)
    sees_gifts = get_principal().has_permission("gifts:read")
    return Wish(
        channel=form.read_choice("channel", WRITING_CHANNELS),
        kind=kind,
        category=form.read_choice("category", WRITING_CATEGORIES),
        subject=form.read_line("subject", SUBJECT),
        text=form.read_lines("text"),
        gift_ids=tuple(form.list_ids("gift_ids")) if sees_gifts and kind == "thank_you" else (),
    )


def _make_draft(donor: Donor, wish: Wish) -> Draft:
    return writing.draft_message(donor, wish, author=get_principal().name, now=clock.now())


def _find_draft(donor: Donor, form: Form) -> Draft | None:
    """Return what the form would write now; None where it lacks something."""
    if form.errors.keys() - {""}:
        return None
    return _make_draft(donor, _read_wish(form))


def _render_form(donor: Donor, form: Form, draft: Draft | None = None) -> str:
    sees_gifts = get_principal().has_permission("gifts:read")
    is_letter = draft is not None and form.get_value("channel") == "post"
    return render_template(
        "messages/write.html",
        donor=donor,
        form=form,
        draft=draft,
        letter=convert_markdown(draft.text.body) if draft is not None and is_letter else None,
        held=text_words.word_hold(draft.held) if draft is not None and draft.held else "",
        gifts=writing.list_gifts_to_thank(donor) if sees_gifts else (),
    )
