"""Payers who pay for nobody any more: they go with the last donor for whom they paid."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import delete, select

from donorhub.db import cut_query_values, db
from donorhub.models import Payer, PayerKey, PayerUse


def list_payers(donor_ids: Collection[int]) -> set[int]:
    """Return those who pay for some of these donors."""
    return {
        payer_id
        for chunk in cut_query_values(sorted(donor_ids))
        for payer_id in db.session.scalars(select(PayerUse.payer_id).where(PayerUse.donor_id.in_(chunk)))
    }


def remove_unused_payers(payer_ids: Iterable[int]) -> None:
    """Take those of these payers away who pay for nobody, with what they were recognised by."""
    for chunk in cut_query_values(sorted(payer_ids)):
        used_ids = set(db.session.scalars(select(PayerUse.payer_id).where(PayerUse.payer_id.in_(chunk))))
        unused_ids = [id_ for id_ in chunk if id_ not in used_ids]
        for column in (PayerKey.payer_id, Payer.id):
            db.session.execute(
                delete(column.class_)
                .where(column.in_(unused_ids))
                .execution_options(synchronize_session=False)
            )
