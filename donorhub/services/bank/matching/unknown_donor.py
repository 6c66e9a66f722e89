"""The unknown donor: whose gift money is for which nobody said in time whose it is.

It is a row of donors that is in no list, count, search or mailing, as it bears ``removed_at`` from the first;
its gifts count in the sums of account, fund and month. A person may give each to its donor at any time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.donors import codes
from donorhub.models import Donor, Match, Organisation
from donorhub.models.states import Lang
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors

SOURCE: Final = "unknown"
NAMES: Final[Mapping[Lang, str]] = {
    "pl": "Nieznany darczyńca",
    "sq": "Donator i panjohur",
    "en": "Unknown donor",
}


def find_id() -> int | None:
    """Return the id of the organisation's unknown donor; None while none was needed."""
    return organisation.get_organisation().unknown_donor_id


def holds_all(matches: Sequence[Match]) -> bool:
    """Return whether these decisions, one at least, gave their money to the unknown donor."""
    donor_id = find_id()
    return bool(matches) and donor_id is not None and {match.donor_id for match in matches} == {donor_id}


def get_or_create_id(*, now: datetime, actor: str) -> int:
    """Return the id of the unknown donor, who is made when first needed; again finds the same."""
    ours = db.session.scalars(
        select(Organisation).with_for_update().execution_options(populate_existing=True)
    ).one()
    if ours.unknown_donor_id is not None:
        return ours.unknown_donor_id
    donor = Donor(
        code=f"new:{uuid.uuid4()}",
        name=NAMES[ours.lang],
        lang=ours.lang,
        source=SOURCE,
        created_at=now,
        updated_at=now,
        removed_at=now,
        do_not_contact=True,
    )
    db.session.add(donor)
    db.session.flush()  # the code is made of the id
    donor.code = codes.format_code(ours.code_prefix, donors.FIRST_NUMBER + donor.id)
    ours.unknown_donor_id = donor.id
    audit.record_action(actor, "donor.created", ("donor", donor.id), now=now, data={"source": SOURCE})
    db.session.flush()
    return donor.id
