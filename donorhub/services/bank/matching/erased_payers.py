"""What was learned of who paid for somebody who is erased: it goes, with payers who pay for nobody else."""

from __future__ import annotations

from sqlalchemy import delete, select

from donorhub.db import cut_query_values, db
from donorhub.domain.donors.redaction import names_person
from donorhub.models import Payer, PayerUse
from donorhub.services.donors import unused_payers
from donorhub.services.donors.erasure import Person


def erase_payers(person: Person) -> None:
    """Take away what was learned of the person's money; a payer who pays for others too stays recognised, and
    says the person's name no more.
    """
    payer_ids = unused_payers.list_payers(person.donor_ids)
    db.session.execute(
        delete(PayerUse)
        .where(PayerUse.donor_id.in_(person.donor_ids))
        .execution_options(synchronize_session=False)
    )
    unused_payers.remove_unused_payers(payer_ids)
    for chunk in cut_query_values(sorted(payer_ids)):
        for payer in db.session.scalars(select(Payer).where(Payer.id.in_(chunk))):
            if names_person(payer.name_read, person.telling):
                payer.name_read = ""
