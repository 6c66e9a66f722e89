"""Thank-yous: what is written because of a gift, and which old gifts a person wants to thank for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, String, and_, cast, func, literal, select, update

from donorhub.db import db
from donorhub.domain.messages import thanks_age
from donorhub.models import Donor, Entry, Gift, Match, Message, Statement, Task
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.messages import gate, messages, texts, thank_you_facts, thanked_gifts
from donorhub.services.work import tasks

ASKED_BY: Final = "asked_by"  # the fact of a task that a person, not time, decided about
_ENDED_STATES: Final = ("cancelled", "done")
_IS_HELD: Final = and_(
    Task.kind == "thank_you",
    Task.subject_type == "gift",
    Task.state.in_(_ENDED_STATES),
    Task.outcome.in_(thanks_age.HOLDS),
)


def plan_thank_you(task: Task, *, now: datetime, domain: str) -> str:
    """Write the thank-you that a task asks for and plan its sending; return the task's outcome.

    A gift that was taken out or fully refunded in the meantime is not thanked for, nor one that is no news
    and that nobody asked to thank for. Without an address or with a no to contact nothing is sent, and
    staff get a task where they can do something. All gifts of the donor whose thank-yous wait are thanked for
    in one message; one that has not left yet takes up the gift, and after one that left today the next
    waits for the morning.
    """
    gift = gifts.get_gift(task.subject_id)
    donor = donors.get_donor(gift.donor_id)
    reason = _find_reason(task, gift) or gate.find_hold(donor, "thanks", at=now)
    if reason:
        if reason in ("no_address", "address_bounced"):
            _plan_call(gift, donor, now=now)
        return reason
    thanked_gifts.lock_donor(donor)
    if thanked_gifts.is_in_message(gift):
        return "joined"
    waiting = thanked_gifts.find_waiting_message(donor)
    if waiting is not None:
        thanked_gifts.add_gifts(waiting, [gift.id])
        _write_anew(waiting, thanked_gifts.list_gifts(waiting), donor)
        return "joined"
    return _plan_message(task, gift, donor, now=now, domain=domain)


def _plan_message(task: Task, gift: Gift, donor: Donor, *, now: datetime, domain: str) -> str:
    gift_rows = [gift] + [
        other
        for other, task_of_other in thanked_gifts.list_waiting_gifts(donor)
        if other.id != gift.id
        and not thanked_gifts.is_in_message(other)
        and not _find_reason(task_of_other, other)
    ]
    gift_rows.sort(key=lambda row: (row.received_on, row.id))
    lang = texts.choose_lang("thank_you", "email", donor.lang)
    outcome = messages.plan_message(
        "thank_you",
        thank_you_facts.collect_facts(gift_rows, donor, lang),
        key=task.key,
        task_id=task.id,
        donor=donor,
        to_address=donor.email,
        lang=lang,
        now=now,
        domain=domain,
        not_before=thanked_gifts.find_next_leaving(donor, now),
    )
    message = messages.find_message(task.key)
    if outcome == "planned" and message is not None:
        thanked_gifts.add_gifts(message, [row.id for row in gift_rows])
    return outcome


def _write_anew(message: Message, gift_rows: Sequence[Gift], donor: Donor) -> None:
    """Let a message that has not left name these gifts, to the donor as they are now."""
    lang = texts.choose_lang("thank_you", "email", donor.lang)
    messages.rewrite_message(
        message,
        "thank_you",
        thank_you_facts.collect_facts(gift_rows, donor, lang),
        to_address=donor.email,
        lang=lang,
    )


def find_late_hindrance(message: Message, *, now: datetime) -> str:
    """Return why a thank-you that was written must not leave any more; empty for any other message.

    A gift that was taken out meanwhile leaves the message, which is written anew for the others.
    """
    if message.category != "thanks" or message.donor_id is None:
        return ""
    if now - message.planned_at > thanks_age.MAX_AGE:
        return "expired"
    gift_rows = thanked_gifts.list_gifts(message)
    reasons = {gift.id: _find_reason(_find_task(gift), gift) for gift in gift_rows}
    thanked_rows = [gift for gift in gift_rows if not reasons[gift.id]]
    if not thanked_rows:
        return next(iter(reasons.values()), "")
    if len(thanked_rows) < len(gift_rows):
        thanked_gifts.drop_gifts(message, [gift_id for gift_id, reason in reasons.items() if reason])
        _write_anew(message, thanked_rows, donors.get_donor(message.donor_id))
    return ""


def take_out_gifts(donor: Donor, gift_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Let a thank-you that waits to leave speak of these gifts no more; without any other it does not
    leave.
    """
    message = thanked_gifts.find_waiting_message(donor)
    if message is None:
        return
    gift_rows = thanked_gifts.list_gifts(message)
    left = [gift for gift in gift_rows if gift.id not in gift_ids]
    if len(left) == len(gift_rows):
        return
    thanked_gifts.drop_gifts(message, gift_ids)
    if left:
        _write_anew(message, left, donor)
        return
    message.state, message.suppressed_reason = "suppressed", "already_sent"
    tasks.cancel_task(f"send_message:{message.id}", now=now, actor=actor, reason="already_sent")


def _find_task(gift: Gift) -> Task | None:
    return tasks.find_task(f"thank_you:gift:{gift.id}")


def _find_reason(task: Task | None, gift: Gift) -> str:
    """Return why a gift is not, or no more, thanked for by itself; empty where it is."""
    if gifts.compute_remainder(gift).minor == 0:
        return "nothing_left_of_the_gift"
    return (_find_hold(task, gift) or "") if task is not None else ""


def _find_hold(task: Task, gift: Gift) -> thanks_age.Hold | None:
    if task.facts.get(ASKED_BY):
        return None
    recorded_on = organisation.get_day(gift.recorded_at)
    return thanks_age.find_hold(gift.source, gift.received_on, recorded_on=recorded_on)


def ask_for_thanks(gift_ids: Collection[int], *, now: datetime, actor: str) -> list[int]:
    """Thank for gifts that are not thanked by themselves because they are no news; return those that are
    thanked now.

    A second call, and a gift that is thanked anyhow, change nothing.
    """
    asked_ids = list(
        db.session.scalars(
            update(Task)
            .where(_IS_HELD, Task.subject_id.in_(gift_ids))
            .values(
                state="planned",
                outcome="",
                done_at=None,
                done_by=None,
                due_at=now,
                attempts=0,
                failures=0,
                facts={ASKED_BY: actor},
            )
            .returning(Task.subject_id)
        )
    )
    audit.write_records(
        audit.make_record(actor, "gift.thanks_asked", ("gift", gift_id), now=now) for gift_id in asked_ids
    )
    return asked_ids


def select_held_gifts(import_file_id: int) -> Select[Gift]:
    """Return a query for the gifts out of a bank's file that are not thanked by themselves."""
    of_file = (
        select(Match.gift_id)
        .join(Entry, Entry.id == Match.entry_id)
        .join(Statement, Statement.id == Entry.statement_id)
        .where(Statement.import_file_id == import_file_id, Match.undone_at.is_(None))
    )
    key = literal("thank_you:gift:", String) + cast(Gift.id, String)  # so that the file's gifts come first
    return select(Gift).join(Task, Task.key == key).where(_IS_HELD, Gift.id.in_(of_file))


def list_held_gift_ids(import_file_id: int, *, limit: int) -> list[int]:
    """Return the ids of these gifts, the oldest first."""
    query = select_held_gifts(import_file_id).with_only_columns(Gift.id)
    return list(db.session.scalars(query.order_by(Gift.received_on, Gift.id).limit(limit)))


def count_held_gifts(import_file_id: int) -> int:
    """Return how many gifts out of a bank's file are not thanked by themselves."""
    held_gifts = select_held_gifts(import_file_id).subquery()
    return db.session.scalar(select(func.count()).select_from(held_gifts)) or 0


def gave_long_ago(donor_id: int) -> bool:
    """Return whether all that is known of a donor is old money: gifts, and none of them news."""
    rows = db.session.execute(
        select(Gift.source, Gift.received_on, Gift.recorded_at).where(Gift.donor_id == donor_id)
    ).all()
    return bool(rows) and all(
        thanks_age.find_hold(source, received_on, recorded_on=organisation.get_day(recorded_at))
        for source, received_on, recorded_at in rows
    )


def is_held(task: Task) -> bool:
    """Return whether a gift's thank-you waits for a person to ask for it."""
    return task.kind == "thank_you" and task.state in _ENDED_STATES and task.outcome in thanks_age.HOLDS


def _plan_call(gift: Gift, donor: Donor, *, now: datetime) -> None:
    tasks.plan_task(
        f"thank_by_hand:gift:{gift.id}",
        kind="thank_by_hand",
        role="fundraiser",
        subject=("gift", gift.id),
        donor_id=donor.id,
        now=now,
        facts={"amount": gift.amount.as_text(), "currency": gift.currency},
    )
