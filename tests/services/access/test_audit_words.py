"""Each word of the audit: done once by what it is about, and written down with who did it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import (
    Appeal,
    AuditRecord,
    Campaign,
    Donor,
    Entry,
    Fund,
    Gift,
    Instalment,
    Message,
    ProviderEvent,
    Statement,
    Task,
)
from donorhub.money import Money
from donorhub.services.access import organisation, users
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import bank_accounts, column_mappings, imports, statements
from donorhub.services.bank.matching import entries, entry_answers
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import donors
from donorhub.services.giving import funds, gifts
from donorhub.services.messages import messages, receipt_mail, suppressions
from donorhub.services.providers import endpoints, inbox
from donorhub.services.providers.directory import Directory
from donorhub.services.receipts import receipts
from donorhub.services.recurring import instalments, recurring_gifts
from donorhub.services.work import tasks
from tests.services.bank.bank import CSV_LAYOUT, Paid, camt, match, open_account, send
from tests.services.bank.matching.matching_world import DAY, donor
from tests.services.providers.test_failed_payouts import steps
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.services.receipts.conftest import make_receiptable
from tests.services.receipts.test_receipts import give
from tests.webhooks import hard_stories, scenarios
from tests.webhooks.hard_stories import known_customer
from tests.webhooks.scenarios import to_raw

ROOT = Path(__file__).resolve().parents[3]
ME = "user:7"
WRITERS = {"audit.record_action", "audit.record_change", "audit.make_record"}


def read_words() -> Counter[tuple[str, str]]:
    """What the audit holds: who and which word."""
    db.session.commit()
    return Counter(tuple(row) for row in db.session.execute(select(AuditRecord.actor, AuditRecord.what)))


def only_new(before: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return dict(read_words() - before)


def expect(before: Counter[tuple[str, str]], *words: str, actor: str = ME) -> Counter[tuple[str, str]]:
    """See that just these words came since, by the actor; return all that there are now."""
    mine = {what: count for (who, what), count in only_new(before).items() if who == actor}
    assert mine == dict.fromkeys(words, 1)
    return read_words()


def test_users_and_tokens_are_audited(database: Flask, now: datetime) -> None:
    """What is done to users and tokens has its words in the audit."""
    words = read_words()
    user = users.create_user(
        "a@example.org", name="A", password="a long password", roles=["admin"], now=now, actor=ME
    )
    words = expect(words, "user.created")
    users.create_user("b@b.pl", name="B", password="a long password", roles=["admin"], now=now, actor=ME)
    words = expect(words, "user.created")
    users.set_roles(user.id, ["caller"], now=now, actor=ME)
    words = expect(words, "user.roles_changed")
    users.set_password(user.id, "another long password", now=now, actor=ME)
    words = expect(words, "user.password_changed")
    users.deactivate_user(user.id, now=now, actor=ME)
    words = expect(words, "user.deactivated")
    users.activate_user(user.id, now=now, actor=ME)
    words = expect(words, "user.activated")
    token, _text = users.create_token("t", ["donors:read"], now=now, actor=ME)
    words = expect(words, "token.created")
    users.revoke_token(token.id, now=now, actor=ME)
    expect(words, "token.revoked")


def test_donors_gifts_and_purposes_are_audited(database: Flask, now: datetime) -> None:
    """What is done to donors, gifts and purposes has its words in the audit."""
    words = read_words()
    organisation.change_organisation({"city": "Berat"}, now=now, actor=ME)
    words = expect(words, "organisation.changed")
    row = donors.create_donor({"name": "Anna"}, source="form", now=now, actor=ME)
    words = expect(words, "donor.created")
    donors.change_donor(row, {"city": "Berat"}, now=now, actor=ME)
    words = expect(words, "donor.changed")
    gift, _ = gifts.record_gift(
        row.id, Money(5000, "PLN"), received_on=now.date(), source="manual", source_ref="1", now=now, actor=ME
    )
    words = expect(words, "gift.recorded")
    gifts.correct_gift(gift.id, reason="twice", source_ref="c", now=now, actor=ME)
    words = expect(words, "gift.corrected")
    for kind in (Fund, Campaign, Appeal):
        purpose = funds.create_purpose(kind, {"name": "A", "code": "a"}, now=now, actor=ME)
        words = expect(words, f"{kind.__tablename__}.created")
        funds.change_purpose(purpose, {"name": "B"}, now=now, actor=ME)
        words = expect(words, f"{kind.__tablename__}.changed")


def test_receipts_are_audited_with_words(database: Flask, now: datetime) -> None:
    """What is done to receipts has its words in the audit."""
    giver_id = donor().id
    make_receiptable(giver_id, now)
    gift_id = give(giver_id, now)
    words = read_words()
    receipt = receipts.issue_receipt([gift_id], today=now.date(), now=now, actor=ME)
    words = expect(words, "receipt.issued")
    db.session.get_one(Donor, giver_id).email = "a@example.org"
    receipt_mail.send_receipt(receipt.id, now=now, actor=ME, domain="example.org")
    words = expect(words, "receipt.sent")
    receipts.void_receipt(receipt.id, reason="wrong", now=now, actor=ME)
    expect(words, "receipt.voided")


def test_recurring_gifts_are_audited(database: Flask, now: datetime) -> None:
    """What is done to recurring gifts has its words in the audit."""
    giver = donor()
    words = read_words()
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=giver.id,
            amount=Money(3000, "PLN"),
            kind="standing_order",
            start_on=date(2026, 9, 15),
            source="manual",
            source_ref="r",
        ),
        now=now,
        actor=ME,
    )
    words = expect(words, "recurring_gift.started")
    instalments.make_instalments(gift, today=now.date())
    db.session.commit()
    first = db.session.scalars(select(Instalment).order_by(Instalment.due_on)).first()
    assert first is not None
    instalments.skip_instalment(first.id, reason="asked", now=now, actor=ME)
    expect(words, "instalment.skipped")


def test_tasks_and_messages_are_audited(database: Flask, now: datetime) -> None:
    """What is done to tasks and messages has its words in the audit."""
    giver = donor()
    for number in range(3):
        tasks.plan_task(
            f"call:{number}",
            kind="call",
            performer="person" if number < 2 else "worker",
            subject=("donor", giver.id),
            donor_id=giver.id,
            due_at=now,
            now=now,
        )
    db.session.commit()
    one, two, three = db.session.scalars(select(Task.id).where(Task.kind == "call").order_by(Task.id))
    words = read_words()
    tasks.complete_task(one, outcome="reached", now=now, actor=ME)
    words = expect(words, "task.done")
    tasks.postpone_task(two, due_at=now + timedelta(days=1), now=now, actor=ME)
    words = expect(words, "task.postponed")
    db.session.get_one(Task, three).state = "dead"
    db.session.commit()
    tasks.retry_task(three, now=now, actor=ME)
    words = expect(words, "task.retried")
    row, _ = suppressions.suppress_address("a@example.org", reason="bounce", now=now, actor=ME)
    words = expect(words, "address.suppressed")
    suppressions.lift_suppression(row.id, reason="asked", now=now, actor=ME)
    words = expect(words, "address.released")
    messages.plan_message(
        "new_donor",
        {"code": "x", "source": "x", "link": "x"},
        key="k",
        task_id=None,
        donor=None,
        to_address="b@example.org",
        lang="en",
        now=now,
        domain="example.org",
    )
    message = db.session.scalars(select(Message)).one()
    message.state = "unknown"
    db.session.commit()
    messages.decide_uncertain_message(message.id, was_received=True, now=now, actor=ME)
    expect(words, "message.decided")


def test_changed_recurring_gifts_are_audited(database: Flask, now: datetime) -> None:
    """Changes of recurring gifts and instalments have their words in the audit."""
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor().id,
            amount=Money(3000, "PLN"),
            kind="standing_order",
            start_on=date(2026, 9, 15),
            source="manual",
            source_ref="r",
        ),
        now=now,
        actor="t",
    )
    words, day = read_words(), now.date()
    recurring_gifts.change_amount(gift, Money(4000, "PLN"), from_on=day, now=now, actor=ME)
    words = expect(words, "recurring_gift.amount")
    recurring_gifts.pause_recurring_gift(gift, from_on=day, until=None, now=now, actor=ME)
    words = expect(words, "recurring_gift.paused")
    recurring_gifts.resume_recurring_gift(gift, from_on=day + timedelta(days=40), now=now, actor=ME)
    words = expect(words, "recurring_gift.resumed")
    recurring_gifts.close_recurring_gift(gift, reason="asked", now=now, actor=ME)
    expect(words, "recurring_gift.closed")


def test_accounts_files_and_statements_are_audited(database: Flask, now: datetime) -> None:
    """What is done to bank accounts, files and statements has its words in the audit."""
    words = read_words()
    account = open_account()  # by user:1
    words = expect(words, "bank_account.created", actor="user:1")
    bank_accounts.change_account(account, now=now, actor=ME, name="Main")
    words = expect(words, "bank_account.changed")
    file = send(camt([Paid(DAY, 5000)]))
    words = expect(words, "import_file.received", "import_file.done", "statement.posted", actor="user:1")
    import_undo.take_back_import(file.id, reason="wrong", now=now, actor=ME)
    words = expect(words, "import_file.taken_back")
    file = send(camt([Paid(DAY, 700)], closing=999, name="S2"))
    words = expect(words, "import_file.received", "import_file.held", "statement.held", actor="user:1")
    held = db.session.scalars(select(Statement.id).filter_by(state="held")).one()
    statements.release_statement(held, reason="known", now=now, actor=ME)
    words = expect(words, "statement.released", "import_file.sent_again")
    reading = imports.find_reading_task(imports.get_file(file.id))
    reading.state = "dead"  # type: ignore[union-attr]  # it was planned
    db.session.commit()
    words = read_words()
    assert imports.give_up_dead(now=now) == 1
    words = expect(words, "import_file.failed", actor="system:0")
    imports.get_file(file.id).state = "received"
    imports.ask_again(file.id, now=now)
    words = expect(words, "import_file.asking", actor="system:0")
    column_mappings.save_mapping(CSV_LAYOUT, name="a bank", now=now, actor=ME)
    expect(words, "column_mapping.saved")


def test_decisions_about_entries_are_audited(database: Flask, now: datetime) -> None:
    """What is decided about entries has its words in the audit."""
    anna = donor()
    open_account()
    send(camt([Paid(DAY, 5000)]))
    match()
    entry_id = db.session.scalars(select(Entry.id)).one()
    words = read_words()
    entries.accept_shares(entry_id, [Share(anna.id, 5000)], now=now, actor=ME)
    words = expect(words, "entry.decided", "gift.recorded")
    entries.undo_entry(entry_id, now=now, actor=ME)
    words = expect(words, "entry.undone", "gift.corrected")
    for decide, word in (
        (entry_answers.accept_doubtful, "entry.accepted"),
        (entry_answers.reject_doubtful, "entry.rejected"),
    ):
        db.session.get_one(Entry, entry_id).state = "doubtful"
        db.session.commit()
        decide(entry_id, now=now, actor=ME)
        words = expect(words, word)


def test_return_and_undo_are_audited(database: Flask, now: datetime) -> None:
    """A return and its undo have their words in the audit."""
    gift_id = give(donor().id, now)
    open_account()
    send(camt([Paid(DAY, -5000, return_code="MD06")]))
    match()
    entry_id = db.session.scalars(select(Entry.id)).one()
    if db.session.get_one(Entry, entry_id).state != "suspense":
        entries.undo_entry(entry_id, now=now, actor="t")
    words = read_words()
    entries.accept_return(entry_id, gift_id, now=now, actor=ME)
    words = expect(words, "entry.decided", "return.recorded")
    entries.undo_entry(entry_id, now=now, actor=ME)
    expect(words, "entry.undone", "return.undone")


def test_webhook_endpoints_are_audited(database: Flask, now: datetime) -> None:
    """What is done to webhook endpoints has its words in the audit."""
    words = read_words()
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", account="acct_1", now=now, actor=ME)
    words = expect(words, "endpoint.created", "endpoint.secret_added")
    secret = endpoints.add_secret(endpoint.id, "whsec_y", label="new", now=now, actor=ME)
    words = expect(words, "endpoint.secret_added")
    endpoints.expire_secret(secret.id, at=now, now=now, actor=ME)
    words = expect(words, "endpoint.secret_expired")
    raw = to_raw(scenarios.one_off("q")[0])
    row = inbox.make_event_row(endpoint.id, "stripe", raw, now=now, source="http")
    inbox.store_events(db.session.connection(), [row])
    event = db.session.scalars(select(ProviderEvent)).one()
    event.state = "error"
    db.session.commit()
    inbox.release_event(event.id, now=now, actor=ME)
    expect(words, "provider_event.released")


def test_payout_and_entry_are_audited(database: Flask, now: datetime) -> None:
    """A payout that joins and leaves its entry has its words in the audit."""
    do = steps(database, now)
    for step in ("paid", "entry", "failed"):
        do[step]()
    words = {what for _actor, what in read_words()}
    assert {"payout.joined", "payout.failed", "payout.parted"} <= words


def test_a_gift_finds_the_donor_we_knew(database: Flask, now: datetime) -> None:
    endpoint = open_endpoint(now)
    for event in known_customer("x"):
        deliver(database, endpoint, [event], now)
    assert "donor.merged" in {what for _actor, what in read_words()}


def test_late_customer_moves_the_gift(
    database: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gift moves to the donor that the provider names later, and the audit says so."""
    endpoint = open_endpoint(now)
    first, *later = scenarios.one_off("m")[::-1]
    deliver(database, endpoint, [first], now)
    besa_id = donor("Besa").id
    monkeypatch.setattr(Directory, "keep_up_donor", lambda *_args, **_more: donors.get_donor(besa_id))
    for event in later:
        deliver(database, endpoint, [event], now)
    assert db.session.scalars(select(Gift.donor_id)).all() == [besa_id]
    assert "gift.moved" in {what for _actor, what in read_words()}


@pytest.mark.parametrize(
    ("story", "words"),
    [
        (scenarios.partial_refund, {"refund.recorded"}),
        (hard_stories.failed_late, {"return.recorded"}),
        (hard_stories.failed_late_and_paid, {"return.recorded", "return.undone"}),
        (hard_stories.refunded_in_sum_and_named, {"refund.recorded", "refund.changed", "refund.named"}),
        (scenarios.dispute_won, {"dispute.opened", "dispute.won"}),
        (scenarios.dispute_lost, {"dispute.opened", "dispute.lost"}),
        (scenarios.paid_out, {"payout.failed"}),
    ],
)
def test_provider_events_are_audited(
    database: Flask, now: datetime, story: Callable[[str], list[dict[str, object]]], words: set[str]
) -> None:
    """What a provider's events do has its words in the audit."""
    endpoint = open_endpoint(now)
    before = read_words()
    for event in story("w"):
        deliver(database, endpoint, [event], now)
    new = only_new(before)
    assert {actor.partition(":")[0] for actor, _what in new} == {"provider"}
    assert words <= {what for _actor, what in new}


# ---------------------------------------------------------------- that none is left out


def list_words() -> tuple[set[str], set[str]]:
    """The words that the program writes, and the patterns of those that it puts together."""
    words, patterns = set(), set()
    for path in (ROOT / "donorhub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITERS:
                word = node.args[1]
                if isinstance(word, ast.Constant):
                    words.add(str(word.value))
                elif isinstance(word, ast.JoinedStr):
                    patterns.add(re.sub(r"\{[^}]*\}", "[a-z_]+", ast.unparse(word)[2:-1]))
    return words, patterns


def test_every_word_is_in_a_test() -> None:
    words, patterns = list_words()
    assert len(words) > 40 and len(patterns) > 3
    tested = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        tested |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    assert words - tested == set()
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, word) for word in tested)] == []
