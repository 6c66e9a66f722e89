"""What payment providers told of somebody who is erased: their messages and what we keep of their objects."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import Final, get_args

from sqlalchemy import and_, delete, select, update

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
    WebhookEndpoint,
)
from donorhub.models.states import ProviderObject
from donorhub.services.donors.erasure import Person
from webhooks.fact import FactKind

_KINDS: Final[tuple[str, ...]] = get_args(FactKind)
GIVERS: Final[tuple[ProviderObject, ...]] = (
    "customer",
    "payment",
    "subscription",
)  # kinds of the map whose subject is a donor


def redact_objects(person: Person) -> None:
    """Redact messages and objects of a person's payments, subscriptions and customers, and forget whose the
    customers are. Money, ids and states stay: the books are read from them."""
    refs = collect_refs(person.donor_ids)
    db.session.execute(
        delete(ProviderMap).where(ProviderMap.kind.in_(GIVERS), ProviderMap.subject_id.in_(person.donor_ids))
    )
    object_refs = set(refs)
    for provider, account in list_accounts(person.donor_ids):
        groups = follow_links(provider, account, refs)
        object_refs |= groups | _strip_registers(provider, account, groups)
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
        select(ProviderMap.ref).where(ProviderMap.kind.in_(GIVERS), ProviderMap.subject_id.in_(donor_ids)),
        select(RecurringGift.source_ref).where(
            RecurringGift.donor_id.in_(donor_ids), RecurringGift.kind == "provider"
        ),
        select(Instalment.source_ref).where(Instalment.recurring_gift_id.in_(promises)),
    )
    return {ref for query in queries for ref in db.session.scalars(query) if ref}


def list_accounts(donor_ids: Collection[int]) -> list[tuple[str, str]]:
    """Return the accounts at providers that anything of the person may have come from."""
    payments = select(Payment.provider, Payment.account).where(Payment.donor_id.in_(donor_ids)).distinct()
    endpoints = select(WebhookEndpoint.provider, WebhookEndpoint.account).distinct()
    rows = [*db.session.execute(payments), *db.session.execute(endpoints)]
    return sorted({(provider, account) for provider, account in rows})


def follow_links(provider: str, account: str, refs: Collection[str]) -> set[str]:
    """Return these ids, the groups of an account in which such objects lie, and those joined to them:
    payment, invoice, subscription, customer. A payout holds many people's and is joined to none of them."""
    register = ProviderRegister
    is_of_account = and_(register.provider == provider, register.account == account)
    groups: set[str] = set()
    new = set(refs)
    while new:
        joined: set[str] = set()
        for chunk in cut_query_values(sorted(new)):
            for condition in (register.grp.in_(chunk), register.kind.in_(_KINDS) & register.ref.in_(chunk)):
                query = select(register.kind, register.grp, register.state).where(is_of_account, condition)
                for kind, group, state in db.session.execute(query):
                    joined |= _read_groups(kind, group, state)
        groups |= new
        new = joined - groups
    return groups


def _read_groups(kind: str, group: str, state: Mapping[str, object]) -> set[str]:
    """Return the group that a register lies in, and the one that it joins to it; of a payout none."""
    if kind == "payout":
        return set()
    joined_group = state.get("to") if kind == "link" else None
    return {group, joined_group} if isinstance(joined_group, str) else {group}


def _strip_registers(provider: str, account: str, groups: Collection[str]) -> set[str]:
    """Take what tells of a person out of the registers of groups; return the objects' ids."""
    register = ProviderRegister
    is_of_account = and_(register.provider == provider, register.account == account)
    refs: set[str] = set()
    for chunk in cut_query_values(sorted(groups)):
        query = select(register.kind, register.ref, register.state).where(
            is_of_account, register.grp.in_(chunk)
        )
        for kind, ref, state in db.session.execute(query).all():
            refs.add(ref)
            db.session.execute(
                update(register)
                .where(is_of_account, register.kind == kind, register.ref == ref)
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
