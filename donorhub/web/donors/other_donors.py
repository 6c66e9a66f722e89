"""Naming another donor on a donor's page: by their code, or by a name that fits one alone."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext

from donorhub.models import Donor
from donorhub.services.donors import donors, search
from donorhub.web.admission import get_own_list, get_principal
from donorhub.web.forms import Form

MOST_NAMED: Final = 5


def choose_donor(form: Form, name: str) -> Donor | None:
    """Return the donor whom a field names; None, and a sentence beside it, where it fits none or several."""
    text = form.read_line(name).strip()
    if not text:
        form.add_error(name, gettext("Please name somebody: by their code, or by a name."))
        return None
    donor = search.find_by_code(text)
    if donor is not None and get_own_list() in (None, donor.owner_id):
        return donors.get_donor(donor.id)
    rows = search.find_donors(
        text, owner_id=get_own_list(), hidden_fields=get_principal().hidden_fields, limit=MOST_NAMED
    ).rows
    if len(rows) == 1:
        return rows[0]
    if not rows:
        form.add_error(name, gettext("Nobody is found for “%(text)s”.", text=text))
    else:
        people = ", ".join(f"{row.name} {row.code}" for row in rows[:MOST_NAMED])
        form.add_error(name, gettext("Several fit, write the code: %(people)s", people=people))
    return None
