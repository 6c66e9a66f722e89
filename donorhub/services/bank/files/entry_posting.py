"""Entries of a statement into the ledger: what is new is written, what may be known becomes a question.

Which statements are posted, :mod:`donorhub.services.bank.files.statements` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from sqlalchemy import select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.files.continuity import Comparison
from donorhub.domain.bank.files.corrections import REACH
from donorhub.domain.bank.files.entry_keys import (
    KnownEntry,
    PartyText,
    find_shared_refs,
    make_party_text,
    make_source_name,
)
from donorhub.domain.bank.files.entry_plan import DoubtfulEntry, Ledger, NewEntry, Plan, plan_entries
from donorhub.domain.bank.files.issues import is_newer
from donorhub.domain.bank.files.leftovers import OlderWord
from donorhub.models import BankAccount, Entry, Statement
from donorhub.services.bank.files import enriching, entry_questions, ledger_rows, ref_trust, statement_totals
from donorhub.services.bank.files.ref_trust import Trust
from donorhub.services.bank.files.statement_drafts import ENTRY_COLUMNS, Draft

Doubt = TypeVar("Doubt", DoubtfulEntry, NewEntry)
# A file without balances may be of chosen entries only; one that tells all others of its days is not.
_FEW_MISSING: Final = 2
_MANY_TOLD: Final = 8  # for each that is missing
_ACCOUNT, _NAME, _WORDS = (
    ENTRY_COLUMNS.index(name) for name in ("counterparty_account", "counterparty_name", "remittance")
)


@dataclass(frozen=True, slots=True)
class DraftTexts:
    """Reads who is behind entries of a draft and of the ledger, and what they say."""

    draft: Draft

    def read_items(self, positions: Collection[int]) -> Mapping[int, PartyText]:
        """Return what entries of the file say, by their positions."""
        rows = self.draft.rows
        return {
            position: make_party_text(row[_ACCOUNT], row[_NAME], row[_WORDS])
            for position, row in zip(positions, rows.pick_rows(positions), strict=True)
        }

    def read_rows(self, entry_ids: Collection[int]) -> Mapping[int, PartyText]:
        """Return what rows of the ledger say, by their ids."""
        return read_texts_of_rows(entry_ids)


def read_texts_of_rows(entry_ids: Iterable[int]) -> dict[int, PartyText]:
    """Return who is behind entries of the ledger and what they say, by their ids."""
    texts: dict[int, PartyText] = {}
    for chunk in cut_query_values(entry_ids):
        rows = db.session.execute(
            select(Entry.id, Entry.counterparty_account, Entry.counterparty_name, Entry.remittance).where(
                Entry.id.in_(chunk)
            )
        )
        other_words = entry_questions.find_other_words(chunk)
        texts.update(
            {
                id_: make_party_text(account, name, words, other_words.get(id_, ()))
                for id_, account, name, words in rows
            }
        )
    return texts


def post_entries(row: Statement, draft: Draft, account: BankAccount, *, today: date) -> set[int]:
    """Write the new entries of a statement; return the statements whose entries in suspense now say more."""
    if not draft.items or row.period_from is None or row.period_to is None:
        return set()
    source = make_source_name(row.format, draft.header.layout)
    plan = _plan_entries(row, draft, account, source, today=today)
    doubtful = _list_new_doubts(plan.doubtful, ledger_rows.count_own_fingerprints(row.id))
    ledger_rows.insert_entries(row, draft, plan.new, doubtful)
    aliases = [(same.entry_id, "bank_ref", ref) for same in plan.same for ref in same.add_refs]
    aliases += [
        (same.entry_id, "told_on", draft.items[same.position].day.isoformat())
        for same in plan.same
        if same.how == "other_day"
    ]
    ledger_rows.insert_aliases(row.id, aliases)
    row.new_count += len(plan.new) + len(doubtful)
    row.doubtful_count += len(doubtful)
    entry_questions.ask_doubts(row, doubtful)
    is_few = len(plan.missing_ids) <= _FEW_MISSING and len(plan.same) >= _MANY_TOLD * len(plan.missing_ids)
    if row.integrity == "proved" or is_few:
        entry_questions.ask_missing(row, plan.missing_ids)
    others = [
        (same.entry_id, same.position) for same in plan.same if same.how in ("other_format", "other_day")
    ]
    return enriching.fill_entries(row, draft, others)


def ask_again(row: Statement, draft: Draft, account: BankAccount) -> None:
    """Ask about entries of the days of a statement that its file does not tell; nothing else is written."""
    entry_questions.ask_missing(row, _plan_again(row, draft, account).missing_ids)


def ask_about_lacking(row: Statement, draft: Draft, account: BankAccount) -> int:
    """Ask about entries that the file of a statement tells and the ledger lacks; return how many.

    They become rows that count nothing until a person says that they do.
    """
    plan = _plan_again(row, draft, account)
    lacking = _list_new_doubts(plan.new, ledger_rows.count_own_fingerprints(row.id))
    ledger_rows.insert_entries(row, draft, [], lacking)
    row.new_count += len(lacking)
    row.doubtful_count += len(lacking)
    entry_questions.ask_lacking(row, lacking)
    return len(lacking)


def _plan_again(row: Statement, draft: Draft, account: BankAccount) -> Plan:
    """Return what a statement that is in the ledger would bring now."""
    if row.period_from is None or row.period_to is None:
        return Plan((), (), ())
    source = make_source_name(row.format, draft.header.layout)
    rows = ledger_rows.list_known_entries(account.id, row.period_from - REACH, row.period_to + REACH)
    trust = ref_trust.read_trust(account.id, source)
    comparison = statement_totals.compare_statement(row)
    ledger = _read_ledger(row, draft, rows, comparison, trust, row.period_from, row.period_to)
    items = ref_trust.clean_items(draft.items, trust)
    return plan_entries(ledger, items, source_format=source, first_on=row.period_from, last_on=row.period_to)


def _list_new_doubts(doubtful: Iterable[Doubt], own_fingerprints: Counter[str]) -> list[Doubt]:
    """Return the doubts without those that this statement brought when it was read before: a person sees
    each once.
    """
    own_counts = Counter(own_fingerprints)
    new_doubts = []
    for doubt in doubtful:
        if own_counts[doubt.fingerprint] > 0:
            own_counts[doubt.fingerprint] -= 1
        else:
            new_doubts.append(doubt)
    return new_doubts


def _plan_entries(row: Statement, draft: Draft, account: BankAccount, source: str, *, today: date) -> Plan:
    """Return what of a draft is new, and note what it shows of the bank's ids."""
    if row.period_from is None or row.period_to is None:
        raise ValueError(f"statement {row.id} covers no days")
    first_on, last_on = row.period_from, row.period_to
    rows = ledger_rows.list_known_entries(account.id, row.period_from - REACH, row.period_to + REACH)
    trust = ref_trust.read_trust(account.id, source)
    shared_refs = find_shared_refs(draft.items) - trust.weak_refs if trust.habit == "stable" else frozenset()
    trust = Trust(trust.weak_refs | shared_refs, trust.habit)
    comparison = statement_totals.compare_statement(row)
    ledger = _read_ledger(row, draft, rows, comparison, trust, first_on, last_on)
    items = ref_trust.clean_items(draft.items, trust)
    plan = plan_entries(ledger, items, source_format=source, first_on=first_on, last_on=last_on)
    rows_by_id = {one.id: one for one in rows}
    agreement = ref_trust.compare_refs(plan, draft.items, rows_by_id, source)
    if agreement.is_numbered_anew and trust.habit == "stable" and not comparison.is_reissue:
        trust, shared_refs = Trust(trust.weak_refs - shared_refs, "per_file"), frozenset()
        ledger = _read_ledger(row, draft, rows, comparison, trust, first_on, last_on)
        items = ref_trust.clean_items(draft.items, trust)
        plan = plan_entries(ledger, items, source_format=source, first_on=first_on, last_on=last_on)
    if not comparison.is_reissue:
        ref_trust.note_agreement(
            account.id, source, agreement, import_file_id=row.import_file_id, today=today
        )
    ref_trust.keep_weak_refs(
        account.id, source, shared_refs, why="two_sums", import_file_id=row.import_file_id
    )
    ref_trust.keep_weak_refs(
        account.id, source, plan.weak_refs, why="other_money", import_file_id=row.import_file_id
    )
    return plan


def _read_ledger(
    row: Statement,
    draft: Draft,
    rows: list[KnownEntry],
    comparison: Comparison,
    trust: Trust,
    first_on: date,
    last_on: date,
) -> Ledger:
    """Return what the ledger knows around these days, its ids as far as they are trusted."""
    first_on, last_on = first_on - REACH, last_on + REACH
    answers = entry_questions.find_answers(row.bank_account_id, first_on, last_on)
    older_rows = ledger_rows.list_older_entries(row.bank_account_id, first_on, last_on, answers.newer_ids)
    older_rows = _leave_out_told_anew(row, older_rows, answers.newer_ids, rows)
    return Ledger(
        ref_trust.clean_rows(rows, trust),
        DraftTexts(draft),
        comparison,
        answers.known_ids,
        [OlderWord(one, answers.newer_ids[one.id]) for one in ref_trust.clean_rows(older_rows, trust)],
        entry_questions.list_changed_minors(row.bank_account_id),
        answers.asked_ids,
        entry_questions.find_kept_spans(row.bank_account_id, first_on, last_on),
    )


def _leave_out_told_anew(
    row: Statement, older_rows: list[KnownEntry], newer_ids: Mapping[int, int], rows: Iterable[KnownEntry]
) -> list[KnownEntry]:
    """Return the rows that the bank corrected, without those for which this statement is newer than the one
    with the correction: where it tells them all the same, the bank takes the correction back.

    What a person called older although its own statement was newer stays older.
    """
    if not older_rows:
        return []
    statement_ids = {one.id: one.statement_id for one in rows}
    issues = ledger_rows.find_issues({*statement_ids.values(), *(one.statement_id for one in older_rows)})
    own_issue = ledger_rows.make_issue(row)
    older_word_rows = []
    for one in older_rows:
        correction = issues.get(statement_ids.get(newer_ids[one.id], 0))
        is_told_anew = (
            correction is not None
            and is_newer(own_issue, correction)
            and not is_newer(issues[one.statement_id], correction)
        )
        if not is_told_anew:
            older_word_rows.append(one)
    return older_word_rows
