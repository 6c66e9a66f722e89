"""Thank-yous: what is written because of a gift, and which old gifts a person wants to thank for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Select, String, and_, cast, func, literal, select, update

from donorhub.db import db
from donorhub.domain.donors import salutation
from donorhub.domain.messages import thanks_age
from donorhub.models import Designation, Donor, Entry, Fund, Gift, Match, Message, Statement, Task
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.messages import messages, suppressions
from donorhub.services.work import tasks
from receipts import figures

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
    staff get a task where they can do something.
    """
    gift = gifts.get_gift(task.subject_id)
    donor = donors.get_donor(gift.donor_id)
    reason = _find_hold(task, gift) or _find_hindrance(gift, donor)
    if reason:
        if reason == "no_address":
            _plan_call(gift, donor, now=now)
        return reason
    return messages.plan_message(
        "thank_you",
        _collect_thank_you_facts(gift, donor),
        key=task.key,
        task_id=task.id,
        donor=donor,
        to_address=donor.email,
        lang=donor.lang,
        now=now,
        domain=domain,
    )


def find_late_hindrance(message: Message, *, now: datetime) -> str:
    """Return why a thank-you that was written must not leave any more; empty for any other message."""
    task = db.session.get(Task, message.task_id) if message.task_id else None
    if task is None or task.kind != "thank_you":
        return ""
    gift = gifts.get_gift(task.subject_id)
    if gifts.compute_remainder(gift).minor == 0:
        return "nothing_left_of_the_gift"
    if now - message.planned_at > thanks_age.MAX_AGE:
        return "expired"
    return _find_hold(task, gift) or ""


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


def _find_hindrance(gift: Gift, donor: Donor) -> str:
    if gifts.compute_remainder(gift).minor == 0:
        return "nothing_left_of_the_gift"
    return suppressions.find_hindrance(donor, "thanks")


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


def _collect_thank_you_facts(gift: Gift, donor: Donor) -> dict[str, str | None]:
    ours = organisation.get_organisation()
    funds = db.session.scalars(
        select(Fund.name)
        .join(Designation, Designation.fund_id == Fund.id)
        .where(Designation.gift_id == gift.id)
        .order_by(Fund.id)
    ).all()
    return {
        "salutation": write_salutation(donor),
        "amount": figures.write_amount(gift.amount, donor.lang).replace("\u00a0", " "),
        "received_on": figures.write_long_date(gift.received_on, donor.lang),
        "funds": ", ".join(funds) or None,  # to Liquid an empty text is true: it would say "It goes to: ."
        "organisation": ours.legal_name,
        "contact": ours.contact or None,
    }


def write_salutation(donor: Donor) -> str:
    """Return how the donor is addressed in their language; what they asked for wins."""
    if donor.salutation:
        return donor.salutation
    if donor.kind != "person" or not donor.given_name:
        return salutation.write_greeting_of_organisation(donor.lang)
    return salutation.write_greeting(donor.lang, donor.given_name, donor.family_name)
