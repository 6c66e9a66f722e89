"""Settings, texts: what donors get, in the organisation's own words, with every version and a preview."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.config import Settings
from donorhub.domain.messages import mail_page
from donorhub.domain.messages.sandbox import FaultyText
from donorhub.domain.messages.text_difference import compare_texts
from donorhub.domain.messages.text_kinds import TextKind, write_text_path
from donorhub.models import Donor
from donorhub.models.states import Lang
from donorhub.schemas.messages import (
    LeftOutText,
    LeftOutTextSchema,
    NewTextSchema,
    RestoredText,
    RestoredTextSchema,
    WrittenText,
)
from donorhub.services.access import users
from donorhub.services.donors import donors, search
from donorhub.services.messages import text_previews, texts
from donorhub.services.messages.texts import NewText, TextVersion
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.forms import Form, make_key
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels
from donorhub.web.words.text_words import write_fault
from receipts import convert_markdown

bp = Blueprint("texts", __name__, url_prefix="/settings/texts")
Answer = Response | str | tuple[str, int]
PLACE: Final = write_text_path()
_STEPS: Final = {"previous": -1, "preview": 0, "next": 1, "send": 0}


@bp.get("")
@require_permission("texts:write")
def list_texts() -> str:
    """Show every text with its languages, and which of them want a look."""
    return render_template("messages/texts.html", states=texts.list_all_states(), word_langs=_word_langs)


@bp.get(PLACE)
@require_permission("texts:write")
def show_text(name: str, lang: Lang) -> str:
    """Show a text in one language with a form to change it, the others beside it, and how it reads."""
    text_kind = texts.get_text_kind(name)
    current = texts.get_current(text_kind, lang)
    start = {
        "subject": current.subject,
        "body": current.body.rstrip("\n"),
        "base_version": str(current.version),
        "key": make_key(),
    }
    return _render_text(text_kind, lang, Form(start=start), donor_id=Form(request.args).read_id("donor"))


@bp.post(PLACE)
@require_permission("texts:write")
def change_text(name: str, lang: Lang) -> Answer:
    """Keep a new version; or show, or send to oneself, how the text in the form reads for a donor."""
    text_kind = texts.get_text_kind(name)
    form = Form(request.form)
    act = form.read_choice("act", ("save", *_STEPS))
    if act != "save":
        return _show_draft(text_kind, lang, form, act)
    with form.start_saving():
        new: WrittenText = form.load_fields(NewTextSchema())
        version, is_new = texts.save_version(
            text_kind,
            lang,
            NewText(new["subject"], new["body"], new["reason"]),
            base_version=new["base_version"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(
            gettext("Version %(number)s is used from now on.", number=version.version)
            if is_new
            else gettext("The text was so already. Nothing was changed.")
        )
        return redirect(url_for("texts.show_text", name=name, lang=lang))
    return _render_text(text_kind, lang, form, donor_id=form.read_id("donor")), 422


@bp.get(f"{PLACE}/versions")
@require_permission("texts:write")
def list_versions(name: str, lang: Lang) -> str:
    """Show every version of a text with its author, its reason and what it changed."""
    text_kind = texts.get_text_kind(name)
    return _render_versions(text_kind, lang, Form())


@bp.post(f"{PLACE}/restore")
@require_permission("texts:write")
def restore_version(name: str, lang: Lang) -> Answer:
    """Use an earlier version again, which makes a new one of it."""
    text_kind = texts.get_text_kind(name)
    form = Form(request.form)
    with form.start_saving():
        told: RestoredText = form.load_fields(RestoredTextSchema())
        texts.restore_version(
            text_kind,
            lang,
            told["version"],
            base_version=told["base_version"],
            reason=told["reason"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("The text is used again."))
        return redirect(url_for("texts.show_text", name=name, lang=lang))
    return _render_versions(text_kind, lang, form), 422


@bp.post(f"{PLACE}/leave-out")
@require_permission("texts:write")
def leave_out(name: str, lang: Lang) -> Answer:
    """Write a text in this language no more: another stands in for it."""
    text_kind = texts.get_text_kind(name)
    form = Form(request.form)
    with form.start_saving():
        told: LeftOutText = form.load_fields(LeftOutTextSchema())
        texts.leave_out(
            text_kind,
            lang,
            base_version=told["base_version"],
            reason=told["reason"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("This language is left out."))
        return redirect(url_for("texts.list_texts"))
    return _render_versions(text_kind, lang, form), 422


def _show_draft(text_kind: TextKind, lang: Lang, form: Form, act: str) -> Answer:
    donor = _find_named_donor(form) or _find_donor(lang, form.read_id("donor"), _STEPS[act])
    if act == "send":
        with form.start_saving() as saving:
            key = form.read_key()
            saving.refuse_errors()
            preview = _read_preview(text_kind, lang, form, donor)
            settings: Settings = current_app.extensions["donorhub.settings"]
            text_previews.send_to_oneself(
                preview.text, current_user, key=key, now=clock.now(), domain=settings.mail_domain
            )
            commit()
            tell_reader(gettext("The text is on its way to you."))
    return _render_text(text_kind, lang, form, donor_id=donor.id if donor else None)


def _find_named_donor(form: Form) -> Donor | None:
    """Return the donor whose code somebody wrote; None, with an error beside the field, where there is
    none.
    """
    code = form.read_line("code")
    donor = search.find_by_code(code) if code else None
    if code and (donor is None or get_own_list() not in (None, donor.owner_id)):
        form.add_error("code", gettext("No donor has this code."))
        return None
    return donor


def _find_donor(lang: Lang, donor_id: int | None, step: int = 0) -> Donor | None:
    """Return the donor for whom a text is shown: the one named, the next or one before, or any."""
    if donor_id is not None and step == 0:
        return donors.get_donor(donor_id, owner_id=get_own_list())
    return text_previews.find_donor(lang, near=donor_id, step=step) or text_previews.find_donor(lang)


def _read_preview(
    text_kind: TextKind, lang: Lang, form: Form, donor: Donor | None
) -> text_previews.TextPreview:
    return text_previews.preview_text(
        text_kind,
        lang,
        subject=form.get_value("subject"),
        body=form.get_value("body").replace("\r\n", "\n") + "\n",
        donor=donor,
        author=get_principal().name,
        sees_gifts=get_principal().has_permission("gifts:read"),
    )


def _render_text(text_kind: TextKind, lang: Lang, form: Form, *, donor_id: int | None) -> str:
    donor = _find_donor(lang, donor_id)
    preview = None
    try:
        preview = _read_preview(text_kind, lang, form, donor)
    except FaultyText as e:
        form.add_error(e.fault.place, write_fault(e.fault))
    states = texts.list_states(text_kind)
    return render_template(
        "messages/text.html",
        text_kind=text_kind,
        lang=lang,
        form=form,
        state=next(state for state in states if state.lang == lang),
        others=[state for state in states if state.lang != lang],
        donor=donor,
        preview=preview,
        preview_page=_convert_preview(text_kind, preview),
        word_langs=_word_langs,
    )


def _convert_preview(text_kind: TextKind, preview: text_previews.TextPreview | None) -> Markup | None:
    """Return how a text looks: as the page of a mail, or printed as a letter."""
    if preview is None:
        return None
    convert = convert_markdown if text_kind.channel == "post" else mail_page.convert_body
    return convert(preview.text.body)


def _render_versions(text_kind: TextKind, lang: Lang, form: Form) -> str:
    versions = texts.list_versions(text_kind, lang)
    changes = {later.version: _compare_versions(earlier, later) for later, earlier in pairwise(versions)}
    authors = users.find_actor_names({version.created_by for version in versions})
    return render_template(
        "messages/text_versions.html",
        text_kind=text_kind,
        lang=lang,
        form=form,
        versions=versions,
        changes=changes,
        authors=authors,
    )


def _word_langs(langs: Sequence[Lang]) -> str:
    return ", ".join(str(labels.LANGS[lang]) for lang in langs)


def _compare_versions(earlier: TextVersion, later: TextVersion) -> object:
    return compare_texts(f"{earlier.subject}\n\n{earlier.body}", f"{later.subject}\n\n{later.body}")
