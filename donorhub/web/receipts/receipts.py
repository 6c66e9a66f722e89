"""Receipts: the list, issuing for chosen gifts or a year, the PDF, voiding and replacing."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

import receipts as printed
from donorhub import clock
from donorhub.config import Settings
from donorhub.models import Donor, Receipt
from donorhub.models.states import find_word
from donorhub.schemas.fields import Reason
from donorhub.schemas.receipts import ReceiptPreview, ReceiptPreviewSchema, VoidSchema
from donorhub.services.donors import donors
from donorhub.services.messages import gate, receipt_mail
from donorhub.services.moving.lists.description import Filters, keep_filters
from donorhub.services.receipts import receipt_drafts, receipt_lists, receipt_stamps, receipts, shown_receipts
from donorhub.services.receipts.receipt_payload import thaw_document
from donorhub.services.receipts.receipt_previews import Preview, draw_preview, make_preview
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_today
from donorhub.web.receipts.gaps import list_gaps, list_warnings
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels

bp = Blueprint("receipts", __name__, url_prefix="/receipts")
Answer = Response | str | tuple[str, int]
# The preview is a page of its own whose style stands inside it; it runs nothing and fetches nothing.
PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


@bp.get("")
@require_permission("receipts:read")
def list_receipts() -> str:
    """Show the list, the newest first."""
    form = Form(request.args)
    donor_id = form.read_id("donor")
    page = receipt_lists.list_receipts(
        year=form.read_number("year", 1900, 2999),
        donor_id=donor_id,
        state=find_word(form.get_value("state"), labels.RECEIPT_STATES),
        after=request.args.get("after"),
    )
    return render_template(
        "receipts/receipts.html",
        page=page,
        form=form,
        number_of=receipts.format_number_of,
        donor=donors.get_donor(donor_id) if donor_id else None,
    )


def read_filters() -> Filters:
    """Return what the list of this address is narrowed by."""
    form = Form(request.args)
    return keep_filters(
        year=form.read_number("year", 1900, 2999),
        state=find_word(form.get_value("state"), labels.RECEIPT_STATES),
        donor_id=form.read_id("donor"),
    )


@bp.get("/new")
@require_permission("receipts:issue")
def show_new_form() -> str:
    """Let gifts of a donor be chosen, those of a year ticked: of the newest in which any wait, at first."""
    form = Form(request.args)
    donor = donors.get_donor(form.read_id("donor") or 0)
    year = form.read_number("year", 1900, 2999)
    year = year or receipt_lists.find_year_to_receipt(donor.id, today=get_today())
    gifts = receipt_lists.list_gifts_without_receipt(donor.id, year)
    start = {"gift_ids": [row.gift.id for row in gifts if row.is_fit], "lang": donor.lang}
    return _render_form(Form(start=start), donor, year)


@bp.post("/new")
@require_permission("receipts:issue")
def issue_receipt() -> Answer:
    """Issue one receipt for the ticked gifts, as its preview showed it; without one, show the preview.

    Sent twice, the second finds the gifts on a receipt.
    """
    form = Form(request.form)
    donor = donors.get_donor(form.read_id("donor_id") or 0)
    year = form.read_number("year", 1900, 2999) or get_today().year
    with form.start_saving() as saving:
        preview = _read_preview(form)
        if preview.donor.id != donor.id:
            form.add_error("gift_ids", gettext("These are gifts of another donor."))
            saving.refuse_errors()
        if form.get_value("digest") != preview.digest:
            return _render_preview(preview, form, url_for("receipts.issue_receipt"))
        receipt = receipts.issue_receipt(
            [gift.id for gift in preview.gift_rows],
            today=get_today(),
            now=clock.now(),
            actor=get_principal().actor,
            lang=preview.document.lang,
            digest=preview.digest,
        )
        commit()
        tell_reader(gettext("The receipt %(number)s is issued.", number=receipts.format_number_of(receipt)))
        return redirect(url_for("receipts.show_receipt", receipt_id=receipt.id))
    return _render_form(form, donors.get_donor(donor.id), year), 422


@bp.post("/new/draft")
@require_permission("receipts:issue")
def draw_draft() -> Answer:
    """Show the PDF that the receipt would be, marked as a draft; it takes no number."""
    form = Form(request.form)
    donor = donors.get_donor(form.read_id("donor_id") or 0)
    with form.start_saving():
        return _send_draft(_read_preview(form))
    return _render_form(form, donor, get_today().year), 422


@bp.get("/<int:receipt_id>")
@require_permission("receipts:read")
def show_receipt(receipt_id: int) -> str:
    """Show one receipt: what is on it, its PDF or why there is none yet."""
    return _render_receipt(receipts.get_receipt(receipt_id), Form())


@bp.get("/<int:receipt_id>/pdf")
@require_permission("receipts:read")
def send_pdf(receipt_id: int) -> Answer:
    """Send the PDF as it was made once; while there is none, show the page that says why."""
    receipt = receipts.get_receipt(receipt_id)
    pdf = receipts.find_pdf(receipt)
    if pdf is None:
        return _render_receipt(receipt, Form()), 404
    name = receipts.format_number_of(receipt).replace("/", "-")
    return Response(
        pdf.content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )


@bp.get("/<int:receipt_id>/preview")
@require_permission("receipts:read")
def show_preview(receipt_id: int) -> Response:
    """Show the receipt as a page, as it will be printed."""
    document = receipt_stamps.get_current_document(receipts.get_receipt(receipt_id))
    page = printed.render_html(document)
    return Response(page, content_type="text/html", headers={"Content-Security-Policy": PREVIEW_POLICY})


@bp.post("/<int:receipt_id>/void")
@require_permission("receipts:issue")
def void_receipt(receipt_id: int) -> Answer:
    """Void a receipt with the reason; its number stays."""
    form = Form(request.form)
    with form.start_saving():
        new: Reason = form.load_fields(VoidSchema())
        shown_receipts.refuse_changed_receipt(receipt_id, form.get_value("digest"), void_reason=new["reason"])
        receipts.void_receipt(receipt_id, reason=new["reason"], now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The receipt is void. Its gifts can be receipted anew."))
        return redirect(url_for("receipts.show_receipt", receipt_id=receipt_id))
    return _render_receipt(receipts.get_receipt(receipt_id), form), 422


@bp.post("/<int:receipt_id>/replace")
@require_permission("receipts:issue")
def replace_receipt(receipt_id: int) -> Answer:
    """Void a receipt and issue a new one with what is known of the donor now, as its preview showed it."""
    form = Form(request.form)
    with form.start_saving():
        preview = receipts.preview_replacement(receipt_id, today=get_today())
        receipt_drafts.refuse_problems(preview.document)
        if form.get_value("digest") != preview.digest:
            return _render_preview(preview, form, url_for("receipts.replace_receipt", receipt_id=receipt_id))
        receipt = receipts.replace_receipt(
            receipt_id,
            today=get_today(),
            now=clock.now(),
            actor=get_principal().actor,
            digest=preview.digest,
        )
        commit()
        tell_reader(gettext("The receipt %(number)s is issued.", number=receipts.format_number_of(receipt)))
        return redirect(url_for("receipts.show_receipt", receipt_id=receipt.id))
    return _render_receipt(receipts.get_receipt(receipt_id), form), 422


@bp.post("/<int:receipt_id>/send")
@require_permission("receipts:issue")
def mail_receipt(receipt_id: int) -> Answer:
    """Send a receipt to its donor by e-mail; a second time changes nothing."""
    form = Form(request.form)
    settings: Settings = current_app.extensions["donorhub.settings"]
    with form.start_saving():
        message, is_new = receipt_mail.send_receipt(
            receipt_id,
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_principal().actor,
            domain=settings.mail_domain,
        )
        commit()
        tell_reader(
            _write_sending(message.to_address)
            if is_new
            else gettext("This receipt was sent before. Nothing was changed.")
        )
        return redirect(url_for("receipts.show_receipt", receipt_id=receipt_id))
    return _render_receipt(receipts.get_receipt(receipt_id), form), 422


def _read_preview(form: Form) -> Preview:
    """Return what the receipt would say that a form asks for; raise Rejected where it lacks something."""
    new: ReceiptPreview = form.load_fields(ReceiptPreviewSchema())
    preview = make_preview(new["gift_ids"], today=get_today(), lang=new.get("lang"))
    receipt_drafts.refuse_problems(preview.document)
    return preview


def _render_preview(preview: Preview, form: Form, action: str) -> Answer:
    """Show what is to be confirmed; where something else was confirmed, say so first."""
    page = render_template(
        "receipts/receipt_preview.html",
        preview=preview,
        document=preview.document,
        total_in_words=printed.write_in_words(preview.document.total, preview.document.lang),
        warnings=list_warnings(preview),
        action=action,
        has_changed=bool(form.get_value("digest")),
    )
    return (page, 422) if form.get_value("digest") else page


def _send_draft(preview: Preview) -> Answer:
    try:
        pdf = draw_preview(preview)
    except printed.Unrenderable:  # no library to draw with: the same page as HTML
        page = printed.render_html(preview.document)
        return Response(page, content_type="text/html", headers={"Content-Security-Policy": PREVIEW_POLICY})
    return Response(pdf, content_type="application/pdf", headers={"Content-Disposition": "inline"})


def _render_receipt(receipt: Receipt, form: Form) -> str:
    old, new_one = receipt_lists.find_neighbours(receipt)
    return render_template(
        "receipts/receipt.html",
        receipt=receipt,
        form=form,
        number_of=receipts.format_number_of,
        pdf=None if receipt.sealed_payload else receipts.find_pdf(receipt),
        document=thaw_document(receipt.payload),
        replaces=old,
        replaced_by=new_one,
        digest=shown_receipts.compute_receipt_digest(receipt),
        sending_digest=shown_receipts.compute_receipt_digest(receipt, receipt.donor.email),
        mail=receipt_mail.find_sending(receipt.id),
        mail_hindrance=gate.find_hold(receipt.donor, "transactional", at=clock.now()),
    )


def _render_form(form: Form, donor: Donor, year: int) -> str:
    return render_template(
        "receipts/receipt_form.html",
        form=form,
        donor=donor,
        year=year,
        years=range(get_today().year, get_today().year - 6, -1),
        rows=receipt_lists.list_gifts_without_receipt(donor.id, year),
        gaps=list_gaps(donor),
    )


def _write_sending(address: str) -> str:
    if not get_principal().may_see_field("email"):
        return str(gettext("The receipt goes out in a moment."))
    return str(gettext("The receipt goes to %(address)s in a moment.", address=address))
