"""What an upgrade mends of what an older program left, beyond what a migration can.

Each step is done once, by the first program that knows it, right after the migrations. No step changes a
sum: where money may be wrong, a person is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from donorhub.models.states import UpgradeNoteKind, UpgradeSubject
from donorhub.services.access import organisation
from donorhub.services.bank import coverage
from donorhub.services.bank.files import asking_again
from donorhub.services.bank.matching import payer_recount, waiting_credits
from donorhub.services.providers import losses
from donorhub.services.recurring import judging_again
from donorhub.services.reports.invariants import balances
from donorhub.services.work import upgrade_notes


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of fault and what mends it; ``mend`` returns the ids of the rows that it mended."""

    kind: UpgradeNoteKind
    subject_type: UpgradeSubject
    mend: Callable[[datetime], Sequence[int]]


def _judge_missed_instalments(now: datetime) -> Sequence[int]:
    coverage.note_coverage(now=now)
    today = organisation.get_day(now)
    held_ids = waiting_credits.find_held_instalments(today=today)
    return judging_again.judge_missed_instalments(today=today, now=now, held_ids=held_ids)


def _judge_lapsed_promises(now: datetime) -> Sequence[int]:
    today = organisation.get_day(now)
    held_ids = waiting_credits.find_held_instalments(today=today)
    return judging_again.judge_lapsed_promises(today=today, now=now, held_ids=held_ids)


def _ask_where_ledger_differs(_now: datetime) -> Sequence[int]:
    account_ids = balances.list_differing_accounts()
    for account_id in account_ids:
        asking_again.ask_about_account(account_id)
    return account_ids


def _ask_where_ledger_lacks(_now: datetime) -> Sequence[int]:
    """Ask about money that files tell and the ledger lacks."""
    account_ids = balances.list_differing_accounts()
    return [id_ for id_ in account_ids if asking_again.ask_about_lacking(id_)]


STEPS: Final[tuple[Step, ...]] = (
    Step("ids_counted_again", "bank_account", lambda _now: asking_again.list_accounts_with_weak_ids()),
    Step("doubts_asked", "entry", lambda _now: asking_again.list_asked_entries()),
    Step("ledger_differs", "bank_account", _ask_where_ledger_differs),
    Step("entries_lacking", "bank_account", _ask_where_ledger_lacks),
    Step("payers_counted_again", "donor", lambda _now: payer_recount.count_hits_again()),
    Step("failed_payments", "gift", lambda now: losses.ask_about_failed_payments(now=now)),
    Step("debits_without_mandate", "recurring_gift", lambda now: judging_again.let_debits_wait(now=now)),
    Step("skipped_instalments", "recurring_gift", lambda now: judging_again.let_go_of_debits(now=now)),
    Step("missed_instalments", "recurring_gift", _judge_missed_instalments),
    Step("lapsed_promises", "recurring_gift", _judge_lapsed_promises),
)


def list_waiting_steps() -> list[Step]:
    """Return what was not mended yet, in the order in which it is to be."""
    done_kinds = upgrade_notes.list_kinds()
    return [step for step in STEPS if step.kind not in done_kinds]


def do_step(step: Step, *, now: datetime) -> int:
    """Mend one kind of fault and note which rows had it; return how many. A second time does nothing."""
    note = upgrade_notes.begin_note(step.kind, step.subject_type, now=now)
    if note is None:
        return 0
    subject_ids = step.mend(now)
    upgrade_notes.fill_note(note, subject_ids, now=now)
    return len(subject_ids)
