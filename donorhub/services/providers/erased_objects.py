"""What payment providers told of somebody who is erased: their messages and what we keep of their objects."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import delete, or_, select, tuple_, update

from donorhub.db import cut_query_values, db
from donorhub.domain.donors.redaction import Telling, names_person, redact_message, strip_state
from donorhub.models import (
    Gift,
    Instalment,
    Payment,
    ProviderEvent,
    ProviderMap,
    ProviderRegister,
    RecurringGift,
)
from donorhub.models.states import ProviderObject
from donorhub.services.donors.erasure import Person

_GIVERS: Final[tuple[ProviderObject, ...]] = (
    "customer",
    "payment",
    "subscription",
)  # kinds of the map whose subject is a donor


def redact_objects(person: Person) -> None:
    """Redact messages and objects of a person's payments, subscriptions and customers, and forget whose the
    customers are. Money, ids and states stay: the books are read from them."""
    refs = collect_refs(person.donor_ids)
    db.session.execute(
        delete(ProviderMap).where(ProviderMap.kind.in_(_GIVERS), ProviderMap.subject_id.in_(person.donor_ids))
    )
    groups = follow_links(refs)
    object_refs = refs | groups | _strip_registers(groups | refs)
    for chunk in cut_query_values(sorted(object_refs)):
        events = select(ProviderEvent.id, ProviderEvent.body).where(ProviderEvent.object_id.in_(chunk))
        _redact_events([(id_, body) for id_, body in db.session.execute(events)])
    _redact_waiting(person.telling)


def collect_refs(donor_ids: Collection[int]) -> set[str]:
    """Return the provider's ids of all that is the person's."""
    promises = select(RecurringGift.id).where(RecurringGift.donor_id.in_(donor_ids))
    queries = (
        select(Payment.payment_key).where(Payment.donor_id.in_(donor_ids)),
        select(Payment.payment_key)
        .join(Gift, Gift.id == Payment.gift_id)
        .where(Gift.donor_id.in_(donor_ids)),
        select(ProviderMap.ref).where(ProviderMap.kind.in_(_GIVERS), ProviderMap.subject_id.in_(donor_ids)),
        select(RecurringGift.source_ref).where(
            RecurringGift.donor_id.in_(donor_ids), RecurringGift.kind == "provider"
        ),
        select(Instalment.source_ref).where(Instalment.recurring_gift_id.in_(promises)),
    )
    return {ref for query in queries for ref in db.session.scalars(query) if ref}


def follow_links(refs: Collection[str]) -> set[str]:
    """Return the groups in which these objects lie, and those joined to them: payment, invoice,
    subscription, customer. A payout holds many people's and is joined to none of them."""
    groups: set[str] = set()
    new = set(refs)
    while new:
        joined: set[str] = set()
        for chunk in cut_query_values(sorted(new)):
            rows = db.session.execute(
                select(ProviderRegister.kind, ProviderRegister.grp, ProviderRegister.state).where(
                    or_(ProviderRegister.grp.in_(chunk), ProviderRegister.ref.in_(chunk)),
                    ProviderRegister.kind != "payout",
                )
            )
            for kind, group, state in rows:
                joined.add(group)
                if kind == "link" and isinstance(state.get("to"), str):
                    joined.add(state["to"])
        groups |= new
        new = joined - groups
    return groups


def _strip_registers(groups: Collection[str]) -> set[str]:
    """Take what tells of a person out of the registers of groups; return the objects' ids."""
    refs: set[str] = set()
    for chunk in cut_query_values(sorted(groups)):
        register = ProviderRegister
        rows = db.session.execute(
            select(register.provider, register.account, register.kind, register.ref, register.state).where(
                register.grp.in_(chunk)
            )
        ).all()
        for provider, account, kind, ref, state in rows:
            refs.add(ref)
            db.session.execute(
                update(register)
                .where(
                    tuple_(register.provider, register.account, register.kind, register.ref)
                    == (provider, account, kind, ref)
                )
                .values(state=strip_state(state))
                .execution_options(synchronize_session=False)
            )
    return refs


def _redact_events(rows: Iterable[tuple[int, bytes]]) -> None:
    for id_, body in rows:
        if body:
            db.session.execute(
                update(ProviderEvent)
                .where(ProviderEvent.id == id_)
                .values(body=zlib.compress(redact_message(zlib.decompress(body)), 6))
            )


def _redact_waiting(telling: Telling) -> None:
    """Redact messages that were never booked and name the person."""
    events = select(ProviderEvent.id, ProviderEvent.body).where(
        ProviderEvent.state.in_(("ignored", "quarantined", "error", "dead", "received"))
    )
    rows = db.session.execute(events.execution_options(yield_per=500))
    _redact_events([(id_, body) for id_, body in rows if body and names_person(_read_text(body), telling)])


def _read_text(body: bytes) -> str:
    """Return a message as text, its escaped letters as they are read."""
    text = zlib.decompress(body).decode(errors="replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
