"""Each invariant names the damage done to what it guards, and none complains of a sound base."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.kinds import inbox as inbox_job
from donorhub.jobs.queue.run import run_due
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import accounts, donors
from donorhub.services.giving import gifts
from donorhub.services.providers import endpoints, inbox
from donorhub.services.receipts import receipts
from donorhub.services.reports import invariants
from tests.conftest import fill_once
from tests.services.bank import bank
from tests.webhooks.scenarios import (
    first_subscription,
    one_off,
    paid_out,
    partial_refund,
    payout_listing,
    to_raw,
)

KEPT = "every answered provider event is kept as it came"
MOVES = "the inbox is worked off"
PAYMENTS = "one gift a payment"
LOSSES = "what providers gave or took back is taken out"
PARTS = "parts add up"
STATEMENTS = "opening and entries make closing"
MATCHES = "matches explain the gifts from the bank"
PAYOUTS = "items make the payout"
NUMBERS = "receipt numbers run from 1 without a gap"
RECEIPTS = "receipts are as issued, one live for a gift"
CONTACTS = "what is shown of a donor is their preferred contact"
SEARCHED = "donors are searched by what stands in their rows"
THANKS = "one thank-you a gift"
SENDINGS = "no sending hangs"
AUDITED = "every gift is audited"
TOTALS = "the totals of days are what the gifts add up to"
CHAIN = "the audit chain is unbroken"
STRIPE_GIFT = "(SELECT min(id) FROM gift WHERE source LIKE 'stripe%')"
UNREFUNDED = "(SELECT max(id) FROM payment WHERE gift_id NOT IN (SELECT gift_id FROM refund))"
IN_BATCH = "(SELECT min(entry_id) FROM detail)"
ALONE = "(SELECT max(id) FROM entry WHERE state = 'suspense' AND NOT has_details)"


def webhooks_came(app: Flask, now: datetime) -> None:
    """A gift, one with refunds, a first instalment, a payout with its items."""
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", now=now, actor="t", account="acct_1")
    db.session.flush()
    told = [*one_off("aa"), *partial_refund("bb"), *first_subscription("cc"), *paid_out("dd")]
    events = [to_raw(event) for event in told] + [payout_listing("dd")]
    rows = [inbox.make_event_row(endpoint.id, "stripe", event, now=now, source="http") for event in events]
    for row in rows:
        row["account"] = "acct_1"
        inbox.store_events(db.session.connection(), [row])
    db.session.commit()
    inbox_job.drain_inbox(app.extensions["donorhub.settings"])


def bank_files_came() -> None:
    bank.open_account("auto")
    donor = donors.create_donor({"name": "Jan Nowak"}, source="manual", now=clock.now(), actor="t")
    accounts.learn_account(donor.id, bank.ANNA, now=clock.now())
    db.session.commit()
    day = date(2026, 11, 2)
    known = bank.Paid(day, 7000, name="Jan Nowak", account=bank.BESA, text=f"darowizna {donor.code}")
    batch = [bank.Paid(day, 1000, end_to_end="E1"), bank.Paid(day, 2000, end_to_end="E2")]
    bank.send(bank.camt([known, batch, bank.Paid(day, 3300, name="Nieznany", account="", text="")]))
    bank.match()


def receipts_went_out(now: datetime) -> None:
    """Two receipts with PDFs, one of them void, for gifts that are for a fund."""
    organisation.get_organisation().jurisdiction = "XX"
    donor = donors.create_donor(
        {"name": "Ola Wiśniewska", "email": "ola.w@example.org"}, source="manual", now=now, actor="t"
    )
    made = [
        gifts.record_gift(
            donor.id,
            Money(5000 + n, "PLN"),
            received_on=now.date(),
            source="manual",
            source_ref=str(n),
            now=now,
            actor="t",
            fund_ids={1: 5000 + n},
        )[0]
        for n in range(2)
    ]
    for gift in made:
        receipts.issue_receipt([gift.id], today=now.date(), now=now, actor="t")
    db.session.flush()
    receipts.void_receipt(2, reason="mistake", now=now, actor="t")
    db.session.commit()


@pytest.fixture
def sound(database: Flask, now: datetime) -> Flask:
    """A base in which all that is checked occurs, with its work done."""
    fill_once(database, "sound", lambda: fill_all(database, now))
    clock.use_clock(lambda: now + timedelta(minutes=10))
    return database


def fill_all(app: Flask, now: datetime) -> None:
    webhooks_came(app, now)
    bank_files_came()
    receipts_went_out(now)
    clock.use_clock(lambda: now + timedelta(minutes=10))  # thank-yous are due
    while run_due():
        pass
    audit.seal_records()
    db.session.commit()


def find_broken(now: datetime) -> dict[str, list[str]]:
    found = invariants.check_all(now=now)
    return {name: sentences for name, sentences in found.items() if sentences}


def test_invariants_hold_in_sound_base(sound: Flask, now: datetime) -> None:
    """All invariants hold in a sound database."""
    assert find_broken(now + timedelta(hours=3)) == {}
    for table in (
        "provider_event",
        "payment",
        "payout_item",
        "designation",
        "detail",
        "allocation",
        "statement",
        "match",
        "receipt",
        "receipt_pdf",
        "message",
        "audit_record",
        "refund",
    ):
        assert db.session.scalar(text(f"SELECT count(*) FROM {table}")), f"nothing to damage in {table}"


DAMAGES: list[tuple[str, str, str]] = [
    (SEARCHED, "a word of a document", "UPDATE donor_document SET words = 'nzzz' WHERE donor_id = 1"),
    (SEARCHED, "a document of nobody", "UPDATE donor SET removed_at = :now WHERE id = 1"),
    (SEARCHED, "the typos of names", "DELETE FROM typo_stump"),
    (KEPT, "a changed body", "UPDATE provider_event SET body = :packed WHERE id = 1"),
    (KEPT, "a body that is no archive", "UPDATE provider_event SET body = :junk WHERE id = 1"),
    (MOVES, "an event left lying", "UPDATE provider_event SET state = 'received' WHERE id = 2"),
    (PAYMENTS, "a gift lost", "UPDATE payment SET gift_id = NULL WHERE id = 1"),
    (PAYMENTS, "a gift of another amount", f"UPDATE gift SET amount_minor = 7 WHERE id = {STRIPE_GIFT}"),
    (PAYMENTS, "a gift of another payment", "UPDATE payment SET payment_key = 'pi_other' WHERE id = 1"),
    (
        PAYMENTS,
        "a gift of two payments",
        f"UPDATE payment SET gift_id = (SELECT gift_id FROM payment WHERE id = 1) WHERE id = {UNREFUNDED}",
    ),
    (PAYMENTS, "a payment lost", "UPDATE payment SET gift_id = NULL, state = 'failed' WHERE id = 1"),
    (LOSSES, "a refund that came home", "UPDATE refund SET state = 'failed' WHERE state = 'succeeded'"),
    (PARTS, "a designation", "UPDATE designation SET amount_minor = amount_minor + 1 WHERE id = 1"),
    (PARTS, "a payment of a batch", "UPDATE detail SET amount_minor = amount_minor + 1 WHERE id = 1"),
    (PARTS, "an allocation", "UPDATE allocation SET amount_minor = amount_minor + 1 WHERE id = 1"),
    (PARTS, "an instalment's currency", "UPDATE instalment SET currency = 'EUR'"),
    (STATEMENTS, "a closing balance", "UPDATE statement SET closing_minor = closing_minor + 1"),
    (STATEMENTS, "an amount", f"UPDATE entry SET amount_minor = amount_minor + 1 WHERE id = {ALONE}"),
    (STATEMENTS, "an entry lost", f"DELETE FROM entry WHERE id = {ALONE}"),
    (STATEMENTS, "entries of a held statement", "UPDATE statement SET state = 'held', posted_at = NULL"),
    (MATCHES, "a match's amount", "UPDATE match SET amount_minor = amount_minor + 1 WHERE kind = 'gift'"),
    (MATCHES, "a match undone halfway", "UPDATE match SET undone_at = :now WHERE kind = 'gift'"),
    (PAYOUTS, "an item", "UPDATE payout_item SET net_minor = net_minor + 1 WHERE kind = 'charge'"),
    (NUMBERS, "a counter ahead", "UPDATE receipt_counter SET last = last + 1"),
    (NUMBERS, "a number left out", "UPDATE receipt SET number = 3 WHERE number = 2"),
    (NUMBERS, "a number before the first", "UPDATE receipt SET number = 0 WHERE number = 1"),
    (NUMBERS, "no counter", "DELETE FROM receipt_counter"),
    (
        RECEIPTS,
        "a payload",
        "UPDATE receipt SET payload = (SELECT payload FROM receipt WHERE id = 2) WHERE id = 1",
    ),
    (RECEIPTS, "a line", "UPDATE receipt_line SET amount_minor = amount_minor + 1 WHERE id = 1"),
    (RECEIPTS, "another PDF", "UPDATE receipt SET pdf_sha256 = 'x' WHERE id = 1"),
    (RECEIPTS, "the bytes of a PDF", "UPDATE receipt_pdf SET content = :junk WHERE id = 1"),
    (
        RECEIPTS,
        "two live receipts",
        "DROP INDEX uq_receipt_line_live_gift; UPDATE receipt_line SET released_at = NULL, amount_minor ="
        " (SELECT total_minor FROM receipt WHERE id = 2), gift_id = (SELECT gift_id FROM receipt_line WHERE"
        " receipt_id = 1) WHERE receipt_id = 2",
    ),
    (CONTACTS, "another e-mail", "UPDATE donor SET email = 'x@example.org' WHERE id = 1"),
    (CONTACTS, "another phone", "UPDATE donor SET phone = '1' WHERE id = 1"),
    (CONTACTS, "another address", "UPDATE donor SET city = 'x' WHERE id = 1"),
    (CONTACTS, "a contact that parted", "UPDATE contact_point SET value = 'x' WHERE kind = 'email'"),
    (CONTACTS, "an account without its key", "DELETE FROM identity_key WHERE kind = 'iban'"),
    (CONTACTS, "a key without its account", "DELETE FROM contact_point WHERE kind = 'account'"),
    (THANKS, "no thank-you", f"UPDATE task SET key = 'lost' WHERE key = 'thank_you:gift:' || {STRIPE_GIFT}"),
    (
        THANKS,
        "two thank-yous",
        "UPDATE message SET task_id = (SELECT min(task_id) FROM message WHERE template LIKE 'thank_you%')"
        " WHERE template LIKE 'thank_you%'",
    ),
    (
        THANKS,
        "a gift in two thank-yous",
        "INSERT INTO message_subject (message_id, subject_type, subject_id)"
        " SELECT max(second.message_id), 'gift', min(first.subject_id)"
        " FROM message_subject first, message_subject second;"
        " UPDATE message SET state = 'sent' WHERE template LIKE 'thank_you%'",
    ),
    (SENDINGS, "a sending that hangs", "UPDATE message SET state = 'claimed' WHERE id = 1"),
    (
        AUDITED,
        "a gift from nowhere",
        "INSERT INTO gift (donor_id, amount_minor, currency, received_on, recorded_at, source, source_ref,"
        " method, note, is_test, thank) SELECT donor_id, 1, currency, received_on, recorded_at, 'manual',"
        " 'ghost', method, '', is_test, :no FROM gift WHERE id = 1",
    ),
    (TOTALS, "an amount of a day", "UPDATE day_total SET gross_minor = gross_minor + 1"),
    (TOTALS, "a day lost", "DELETE FROM day_total"),
    (CHAIN, "a record changed", "UPDATE audit_record SET actor = 'user:7' WHERE seq = 3"),
    (CHAIN, "a record taken out", "DELETE FROM audit_record WHERE seq = 2"),
    (CHAIN, "a chain made anew", "UPDATE audit_record SET chain = 'x' WHERE seq = 4"),
]


# Who is shown otherwise is searched otherwise too, and another gift or refund is another sum.
FOLLOWING = {CONTACTS: SEARCHED, PAYMENTS: TOTALS, LOSSES: TOTALS, AUDITED: TOTALS}


def test_damage_names_its_own_invariant(sound: Flask, now: datetime, subtests: pytest.Subtests) -> None:
    """Damage is named by the invariant that guards it, and by no other."""
    for invariant, damage, statements in DAMAGES:  # in one base, which takes its time to make
        with subtests.test(damage):
            spoil(statements, now)
            sentences_by_name = find_broken(now + timedelta(hours=3))
            db.session.rollback()
            sentences_by_name.pop(FOLLOWING.get(invariant, ""), None)
            assert set(sentences_by_name) == {invariant}, sentences_by_name
            assert all(
                sentence[0].islower() and "None" not in sentence for sentence in sentences_by_name[invariant]
            )


def test_every_invariant_has_been_broken() -> None:
    assert {name for name, _, _ in DAMAGES} == set(invariants.CHECKS)


def test_much_damage_is_shortened(database: Flask, now: datetime) -> None:
    """Of much damage some is shown, and that there is more is said."""
    donor_id = donors.create_donor({"name": "Jan"}, source="manual", now=now, actor="t").id
    spoil(_many_ghosts(range(40), donor_id), now)
    sentences = find_broken(now + timedelta(hours=3))[AUDITED]
    db.session.rollback()
    assert len(sentences) == invariants.SENTENCE_LIMIT + 1
    assert sentences[-1] == "… and more"


def _many_ghosts(numbers: Sequence[int], donor_id: int) -> str:
    rows = ", ".join(
        f"({donor_id}, 1, 'PLN', '2026-11-01', '2026-11-01 00:00:00+00', 'x', 'g{n}', 'other', '', :no, :no)"
        for n in numbers
    )
    return (
        "INSERT INTO gift (donor_id, amount_minor, currency, received_on, recorded_at, source, source_ref,"
        f" method, note, is_test, thank) VALUES {rows}"
    )


def spoil(statements: str, now: datetime) -> None:
    """Do damage past the program, in the running transaction."""
    values = {
        "junk": b"%PDF-1.7 forged",
        "packed": _pack_body(),
        "now": now.replace(tzinfo=None),
        "no": False,
    }
    for statement in statements.split(";"):
        clause = text(statement)
        named = {name: value for name, value in values.items() if f":{name}" in statement}
        changed = db.session.execute(clause, named)
        assert "DROP" in statement or changed.rowcount, f"nothing was damaged by {statement}"  # type: ignore[attr-defined]


def _pack_body() -> bytes:
    return zlib.compress(b'{"amount": 1}')
