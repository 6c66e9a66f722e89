"""Provider events that kill their worker, by a crash or for lack of memory, so that nobody can note an error.

That a worker begins is committed before it does, and taken back with what became of the event: what is left
is how often it came to no end. Such events are set aside after a while, and hold up no other meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, case, update

from donorhub.db import Base, UTCDateTime, db
from donorhub.models import ProviderEvent
from donorhub.models.states import WAITING_EVENTS

SHARED_KILLS: Final = 2  # so often an event may take others along; from then on it is begun with alone
FREED_KILLS: Final = 3  # so often it is begun with at once; after that it waits, and all others go first
MAX_KILLS: Final = 20  # as with tasks: what is begun so often without an end kills its worker
WAIT: Final = timedelta(minutes=5)
REASON: Final = "the worker stopped while it was doing this"

# Built once, and past the ORM: this is done before every few events.
_TABLE: Final = Base.metadata.tables["provider_event"]
_waits = _TABLE.c.kills >= FREED_KILLS
_BEGIN: Final = (
    update(_TABLE)
    .where(_TABLE.c.id.in_(bindparam("ids", expanding=True)), _TABLE.c.state.in_(WAITING_EVENTS))
    .values(
        kills=_TABLE.c.kills + 1,
        state=case((_waits, "error"), else_=_TABLE.c.state),
        next_attempt_at=case((_waits, bindparam("later", type_=UTCDateTime)), else_=_TABLE.c.next_attempt_at),
    )
)
_END: Final = update(_TABLE).where(_TABLE.c.id.in_(bindparam("ids", expanding=True))).values(kills=0)


def begin_events(ids: Collection[int], *, now: datetime) -> None:
    """Count that a worker begins with these events; commit it before it does. One that killed its workers
    again and again is not due again for a while, should it do so now."""
    db.session.execute(_BEGIN, {"ids": list(ids), "later": now + WAIT})


def end_events(ids: Collection[int]) -> None:
    """Note that the work on these events came to an end, in the transaction of what became of them; ignore
    that it ended with an error, which is counted for itself."""
    db.session.execute(_END, {"ids": list(ids)})


def bury_deadly_events(*, now: datetime) -> int:
    """Put events into the error inbox that no worker survived, once the last attempt is over for sure; return
    how many."""
    event = ProviderEvent
    buried_ids = db.session.scalars(
        update(event)
        .where(event.state == "error", event.next_attempt_at <= now, event.kills >= MAX_KILLS)
        .values(state="dead", next_attempt_at=None, reason=REASON)
        .returning(event.id)
        .execution_options(synchronize_session=False)
    )
    return len(buried_ids.all())
