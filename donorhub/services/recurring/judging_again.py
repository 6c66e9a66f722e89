"""What an older program said without knowing: instalments called missed, promises lapsed or closed, debits
that nobody may collect. It is judged again by what is known now, once, after an upgrade.

Nobody is written to, and no amount changes. Each change is in the audit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import exists, select

from donorhub.db import db
from donorhub.models import Allocation, AuditRecord, Gift, Instalment, Mandate, RecurringGift
from donorhub.models.states import FREED_INSTALMENTS, OWED_INSTALMENTS, InstalmentState, RecurringState
from donorhub.services.access import audit
from donorhub.services.recurring import changed_amounts, instalments, known_banks, overdue
from donorhub.services.recurring.known_banks import KnownBanks
from donorhub.services.recurring.mandate_days import NO_MANDATE
from donorhub.services.work import tasks

_ACTOR = "system:0"


def judge_missed_instalments(*, today: date, now: datetime, held_ids: Collection[int]) -> list[int]:
    """Take back what was called missed while its source was not known that far, or while money was there;
    return the recurring gifts. ``held_ids`` are instalments that a waiting entry may pay.
    """
    held_ids = _add_touched(held_ids, today, None)
    rows = db.session.scalars(
        select(Instalment).where(Instalment.missed_at.is_not(None)).order_by(Instalment.id)
    ).all()
    banks = known_banks.read_known_banks({row.recurring_gift_id for row in rows}, today=today, now=now)
    return sorted(_take_misses_back(rows, banks, held_ids, today=today, now=now))


def judge_lapsed_promises(*, today: date, now: datetime, held_ids: Collection[int]) -> list[int]:
    """Let recurring gifts run again that the clock had lapsed or closed, unless what is known says the same;
    return them.
    """
    promises = db.session.scalars(
        select(RecurringGift)
        .where(
            (RecurringGift.state == "lapsed")
            | ((RecurringGift.state == "closed") & (RecurringGift.state_reason == "unpaid"))
        )
        .order_by(RecurringGift.id)
    ).all()
    banks = known_banks.read_known_banks({gift.id for gift in promises}, today=today, now=now)
    return [gift.id for gift in promises if _judge_promise(gift, banks, held_ids, today=today, now=now)]


def let_debits_wait(*, now: datetime) -> list[int]:
    """Let each direct debit that has no mandate wait for one, also those that the clock had closed; return
    them.
    """
    debits = db.session.scalars(
        select(RecurringGift)
        .where(
            RecurringGift.kind == "direct_debit",
            RecurringGift.state.in_(("active", "failing", "paused", "lapsed", "closed")),
            ~exists().where(Mandate.recurring_gift_id == RecurringGift.id),
        )
        .order_by(RecurringGift.id)
    ).all()
    debits = [gift for gift in debits if gift.state != "closed" or _is_closed_by_clock(gift)]
    for gift in debits:
        if gift.state == "closed":
            gift.closed_at = gift.ends_on = None
        _note_state(gift, "pending", NO_MANDATE, now=now)
    return [gift.id for gift in debits]


def let_go_of_debits(*, now: datetime) -> list[int]:
    """Owe nothing of the unpaid instalments of debits that wait for their mandate; return the debits."""
    rows = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(
            RecurringGift.kind == "direct_debit",
            RecurringGift.state == "pending",
            Instalment.state.in_(OWED_INSTALMENTS),
        )
        .order_by(Instalment.id)
    ).all()
    for row in rows:
        _note_instalment(row, "skipped", NO_MANDATE, now=now)
    return sorted({row.recurring_gift_id for row in rows})


def _judge_promise(
    gift: RecurringGift, banks: KnownBanks, held_ids: Collection[int], *, today: date, now: datetime
) -> bool:
    """Judge one promise as if it ran; leave it untouched where the verdict is the same."""
    before = gift.state
    if before == "closed" and (not _is_closed_by_clock(gift) or _has_successor(gift)):
        return False
    rehearsal = db.session.begin_nested()
    if before == "closed":
        _reopen_promise(gift, now=now)
    _note_state(gift, "active", "", now=now)
    db.session.flush()
    held_ids = _add_touched(held_ids, today, [gift.donor_id])
    rows = db.session.scalars(
        select(Instalment).where(Instalment.recurring_gift_id == gift.id, Instalment.missed_at.is_not(None))
    ).all()
    _take_misses_back(rows, banks, held_ids, today=today, now=now)
    db.session.flush()
    verdict = overdue.judge_promise(gift, banks, held_ids, today=today)
    if verdict == "close" or (verdict == "lapse" and before == "lapsed"):
        rehearsal.rollback()
        return False
    if verdict == "lapse":
        _note_state(gift, "lapsed", "missed", now=now)
    rehearsal.commit()
    instalments.make_instalments(gift, today=today)
    return True


def _reopen_promise(gift: RecurringGift, *, now: datetime) -> None:
    """Expect again what the closing had let go."""
    gift.closed_at = gift.ends_on = None
    rows = db.session.scalars(
        select(Instalment).where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.state.in_(FREED_INSTALMENTS),
            Instalment.state_reason == "closed",
        )
    )
    for row in rows:
        _note_instalment(row, "expected", "", now=now)


def _is_closed_by_clock(gift: RecurringGift) -> bool:
    """Return whether the program closed it for want of money, not a person nor a provider."""
    if gift.state_reason != "unpaid":
        return False
    actor: str | None = db.session.scalar(
        select(AuditRecord.actor)
        .where(
            AuditRecord.what == "recurring_gift.closed",
            AuditRecord.subject_type == "recurring_gift",
            AuditRecord.subject_id == gift.id,
        )
        .order_by(AuditRecord.id.desc())
        .limit(1)
    )
    return actor is not None and actor.startswith("system:")


def _has_successor(gift: RecurringGift) -> bool:
    """Return whether its donor has promised anew since it was closed."""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    RecurringGift.donor_id == gift.donor_id,
                    RecurringGift.currency == gift.currency,
                    RecurringGift.state != "closed",
                    RecurringGift.created_at >= gift.closed_at,
                )
            )
        )
    )


def _add_touched(held_ids: Collection[int], today: date, donor_ids: Collection[int] | None) -> set[int]:
    return changed_amounts.find_touched_instalments(today=today, donor_ids=donor_ids).union(held_ids)


def _take_misses_back(
    rows: Sequence[Instalment],
    banks: KnownBanks,
    held_ids: Collection[int],
    *,
    today: date,
    now: datetime,
) -> set[int]:
    """Take the false ones of these misses back; return their recurring gifts."""
    paid_days = _find_first_paid_days([row.id for row in rows if row.state == "paid"])
    changed_ids = set()
    for row in rows:
        last_on = row.due_on + timedelta(days=overdue.WINDOWS.grace)
        if row.state == "paid":
            paid_on = paid_days.get(row.id)
            is_false = paid_on is not None and paid_on <= last_on
        else:
            is_false = row.state == "missed" and (
                row.id in held_ids or not _is_known_to(row, banks, last_on, today)
            )
        if is_false:
            state: InstalmentState = "paid" if row.state == "paid" else "late"
            _note_instalment(row, state, row.state_reason, now=now)
            changed_ids.add(row.recurring_gift_id)
    return changed_ids


def _is_known_to(row: Instalment, banks: KnownBanks, last_on: date, today: date) -> bool:
    """Return whether it is known up to a day whether money came: of a provider, by its word that none did."""
    if row.recurring_gift.charged_by == "provider":
        return bool(row.failure_code or row.attempt)
    known_to = banks.find_last_day(row.recurring_gift, row, today)
    return known_to is not None and known_to >= last_on


def _find_first_paid_days(instalment_ids: Sequence[int]) -> dict[int, date]:
    rows = db.session.execute(
        select(Allocation.instalment_id, Gift.received_on)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(Allocation.instalment_id.in_(instalment_ids))
        .order_by(Gift.received_on.desc())
    )
    return {id_: day for id_, day in rows}  # noqa: C416  a Row is no pair for dict


def _note_instalment(row: Instalment, state: InstalmentState, reason: str, *, now: datetime) -> None:
    audit.record_action(
        _ACTOR,
        "instalment.judged_again",
        ("instalment", row.id),
        now=now,
        data={
            "before": row.state,
            "after": state,
            "missed_at": row.missed_at.isoformat() if row.missed_at else "",
        },
    )
    tasks.cancel_task(instalments.name_missed_task(row), now=now, actor=_ACTOR, reason="bank_unknown")
    row.state, row.state_reason, row.missed_at = state, reason, None


def _note_state(gift: RecurringGift, state: RecurringState, reason: str, *, now: datetime) -> None:
    audit.record_action(
        _ACTOR,
        "recurring_gift.judged_again",
        ("recurring_gift", gift.id),
        now=now,
        data={"before": gift.state, "after": state},
    )
    gift.state, gift.state_reason = state, reason
    gift.version += 1
