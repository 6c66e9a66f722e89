"""Donors with something in every corner, and what must hold however they were merged and taken apart."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.donors.codes import format_code
from donorhub.models import Donor, ExternalId, Gift, Payer, PayerKey, PayerUse, SoftCredit, Task
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import (
    accounts,
    contacts,
    donor_roles,
    donors,
    interactions,
    memberships,
    merging,
    relationships,
    tags,
    unmerging,
)
from donorhub.services.donors.contacts import NewContact
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from donorhub.services.recurring import recurring_gifts
from donorhub.services.reports import invariants
from donorhub.services.work import tasks_by_hand
from tests.contents import Contents, read_contents

ME: Final = "user:1"
DAY: Final = date(2026, 10, 5)
# What an undo leaves other than it was: it is told to the audit, and programs that follow changes see it.
TOLD: Final = ("audit_record", "audit_value", "merge_log", "merge_move", "merge_drop")
STAMPS: Final = ("version", "updated_at")
IBANS: Final = ("PL61109010140000071219812874", "PL27114020040000300201355387")
Pair = tuple[Donor, Donor]


def add_donor(name: str, **fields: Any) -> Donor:
    given, _, family = name.partition(" ")
    parts = {"name": name, "given_name": given, "family_name": family, "country": "PL", **fields}
    donor = donors.create_donor(parts, source="form", now=clock.now(), actor=ME)  # type: ignore[arg-type]
    db.session.commit()
    return donor


def add_contact(donor: Donor, kind: str, value: str, **more: Any) -> None:
    new: NewContact = {"kind": kind, "value": value, **more}  # type: ignore[typeddict-item]
    contacts.add_contact(donor.id, new, source="form", now=clock.now(), actor=ME)


def give(donor: Donor, minor: int, on: date, ref: str) -> Gift:
    gift, _ = gifts.record_gift(
        donor.id,
        Money(minor, "PLN"),
        received_on=on,
        source="manual",
        source_ref=ref,
        now=clock.now(),
        actor=ME,
    )
    db.session.commit()
    return gift


def promise(donor: Donor, ref: str, iban: str = "") -> None:
    recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(3000, "PLN"),
            kind="standing_order",
            start_on=DAY,
            source="manual",
            source_ref=ref,
            payer_iban=iban,
        ),
        now=clock.now(),
        actor=ME,
    )


def fill(donor: Donor, number: int, *, other: Donor, iban: str) -> None:
    """Give a donor of everything: what equals the other's, and what is theirs alone."""
    now = clock.now()
    add_contact(donor, "email", "home@example.org", is_preferred=number == 2)
    add_contact(donor, "email", f"own{number}@example.org")
    add_contact(donor, "phone", f"+48 60100010{number}", is_preferred=True)
    add_contact(donor, "account", iban)
    for name in ("vip", f"tag {number}"):
        tags.add_tag(donor.id, name, source="form", now=now, actor=ME)
    memberships.start_membership(donor.id, "regular", since_on=date(2025, 1, number), now=now, actor=ME)
    donor_roles.give_role(donor.id, "volunteer", since_on=date(2024, number, 1), now=now, actor=ME)
    relationships.add_relationship(donor.id, other.id, "spouse", now=now, actor=ME)
    interactions.add_note(donor.id, f"note {number}", source="form", now=now, actor=ME)
    gift = give(donor, 5000 * number, DAY, f"g{number}")
    give(donor, 700, DAY + timedelta(days=number), f"h{number}")
    promise(donor, f"r{number}", iban)
    organisation.get_organisation().jurisdiction = "XX"
    receipts.issue_receipt([gift.id], today=now.date(), now=now, actor=ME)
    tasks_by_hand.plan_by_hand(
        donor.id, f"call {number}", due_on=now.date(), assignee_id=None, now=now, actor=ME
    )
    payer_id = find_payer("kowalska anna")
    db.session.add_all(
        [
            ExternalId(donor_id=donor.id, source="crm", ref=f"c{number}"),
            PayerUse(payer_id=payer_id, donor_id=donor.id, words="", hits=number, last_on=DAY),
            SoftCredit(gift_id=gift.id, donor_id=other.id, amount_minor=100),
        ]
    )
    accounts.learn_accounts([(donor.id, f"PL{number}0109010140000071219812874")], now=now)
    db.session.commit()


def find_payer(name_key: str) -> int:
    """Return the payer of a name, made where there is none."""
    payer_id = db.session.scalar(select(PayerKey.payer_id).filter_by(value=name_key))
    if payer_id is None:
        payer = Payer(name_read=name_key, first_on=DAY, last_on=DAY)
        db.session.add(payer)
        db.session.flush()
        payer_id = payer.id
        db.session.add(PayerKey(payer_id=payer_id, kind="name", value=name_key))
    return payer_id


def read_all() -> Contents:
    db.session.rollback()
    contents = read_contents()
    db.session.rollback()
    return contents


def read_comparable() -> Contents:
    """What every table holds but for what an undo may leave other than it was."""
    contents = {name: rows for name, rows in read_all().items() if name not in TOLD}
    names = [column.name for column in Donor.__table__.columns]
    contents["donor"] = [
        tuple(value for name, value in zip(names, row, strict=True) if name not in STAMPS)
        for row in contents["donor"]
    ]
    return contents


def sum_gifts() -> list[tuple[str, int, int]]:
    query = select(Gift.currency, func.count(), func.sum(Gift.amount_minor)).group_by(Gift.currency)
    return [(currency, count, int(total)) for currency, count, total in db.session.execute(query)]


def check_codes(now: datetime) -> None:
    """Every code that was ever given leads to a donor who is there."""
    for donor in db.session.scalars(select(Donor)).all():
        assert donor.code == format_code("DH", donors.FIRST_NUMBER + donor.id)
        survivor = donors.find_survivor(donor.id)
        assert survivor is not None and survivor.merged_into_id is None, donor.id
    assert db.session.scalar(select(func.count()).select_from(Task)) is not None and now is not None


def merge(pair: Pair, now: datetime, **more: Any) -> int:
    log, is_new = merging.merge_donors(pair[0].id, pair[1].id, now=now, actor=ME, **more)
    db.session.commit()
    assert is_new
    return log.id


def undo(merge_id: int, now: datetime, **more: Any) -> None:
    _log, is_new = unmerging.undo_merge(merge_id, now=now, actor=ME, **more)
    db.session.commit()
    assert is_new


def assert_sound(now: datetime) -> None:
    assert {name: found for name, found in invariants.check_all(now=now).items() if found} == {}
