"""Messages as lists: what was said to whom, the newest first."""

from __future__ import annotations

from sqlalchemy import select

from donorhub.models import Donor, Message
from donorhub.models.states import MessageState
from donorhub.services.paging import LIMIT, Page, newest_first


def list_messages(
    *,
    state: MessageState | None = None,
    donor_id: int | None = None,
    owner_id: int | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[Message]:
    """Messages of a state or donor; with ``owner_id`` only to donors of that user's own list."""
    query = select(Message)
    if state:
        query = query.where(Message.state == state)
    if donor_id:
        query = query.where(Message.donor_id == donor_id)
    if owner_id is not None:
        query = query.where(Message.donor_id.in_(select(Donor.id).where(Donor.owner_id == owner_id)))
    return newest_first(query, [Message.id], after=after, limit=limit)
