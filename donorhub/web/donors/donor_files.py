"""Files kept with a donor, on the donor's page: sent, saved by whoever may see the donor, taken away."""

from __future__ import annotations

from typing import Final

from flask import Response, redirect, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.domain.donors.file_kinds import FILE_KINDS, write_disposition
from donorhub.models import Donor, DonorFile
from donorhub.schemas.donors import FileNoteSchema
from donorhub.services.donors import donor_files, donors
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.donors.copies import bp
from donorhub.web.donors.donor_page import WorkForms, render_donor
from donorhub.web.donors.donors import Answer
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

__all__ = ["bp"]
_NAMES: Final = {"note": "file_note"}
_HARMLESS: Final = "default-src 'none'; sandbox"  # a browser that shows it all the same runs nothing of it


@bp.post("/<int:donor_id>/files")
@require_permission("donors:write")
def add_file(donor_id: int) -> Answer:
    """Keep a file with the donor; the same file again changes nothing."""
    donor = _get_donor(donor_id)
    donor_files.require_shown(get_principal())
    form = Form(request.form)
    upload = request.files.get("file")
    with form.start_saving(_NAMES):
        note: str = form.load_fields(FileNoteSchema(), _NAMES)["note"]
        content, name = (upload.read(), upload.filename or "") if upload is not None else (b"", "")
        _, is_new = donor_files.add_file(
            donor.id, content, name, note=note, now=clock.now(), actor=get_principal().actor
        )
        commit()
        tell_reader(
            gettext("The file is kept.") if is_new else gettext("This file is kept with the donor already.")
        )
        return _lead_back(donor_id)
    return render_donor(_get_donor(donor_id), WorkForms(file=form)), 422


@bp.get("/<int:donor_id>/files/<int:donor_file_id>")
@require_permission("donors:read")
def send_file(donor_id: int, donor_file_id: int) -> Response:
    """Send a file to be saved; no browser shows it as a page."""
    return answer_with_file(
        donor_files.get_file(_get_donor(donor_id).id, donor_file_id, reader=get_principal())
    )


@bp.post("/<int:donor_id>/files/<int:donor_file_id>/remove")
@require_permission("donors:write")
def remove_file(donor_id: int, donor_file_id: int) -> Answer:
    """Take a file away, for good."""
    file = donor_files.get_file(_get_donor(donor_id).id, donor_file_id, reader=get_principal())
    donor_files.remove_file(file, now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The file is taken away."))
    return _lead_back(donor_id)


def answer_with_file(file: DonorFile) -> Response:
    """Return the answer that hands a file out under its own name, as what its bytes are."""
    response = Response(donor_files.read_content(file), content_type=FILE_KINDS[file.kind].media_type)
    response.headers["Content-Disposition"] = write_disposition(file.name)
    response.headers["Content-Security-Policy"] = _HARMLESS
    return response


def _get_donor(donor_id: int) -> Donor:
    return donors.get_donor(donor_id, owner_id=get_own_list())


def _lead_back(donor_id: int) -> Answer:
    return redirect(url_for("donors.show_donor", donor_id=donor_id, _anchor="files"))
