"""Messages as lists: what was said to whom, the newest first."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from donorhub.models import Donor, Message
from donorhub.models.states import MessageState
from donorhub.services.paging import LIMIT, AnyRow, Page, newest_first, read_rows

_LIST_QUERY: Final = select(
    Message.id, Message.planned_at, Message.to_address, Message.subject, Message.template, Message.state
)


def list_messages(
    *,
    state: MessageState | None = None,
    donor_id: int | None = None,
    owner_id: int | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AnyRow]:
    """Return what a list shows of messages of a state or donor, the newest first.

    With ``owner_id`` only those to donors of that user's own list.
    """
    query = _LIST_QUERY
    if state:
        query = query.where(Message.state == state)
    if donor_id:
        query = query.where(Message.donor_id == donor_id)
    if owner_id is not None:
        query = query.where(Message.donor_id.in_(select(Donor.id).where(Donor.owner_id == owner_id)))
    return read_rows(query, newest_first(Message.id), after=after, limit=limit)
