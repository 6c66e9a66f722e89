"""A bank account made up for tests, cut into statements, and a ledger that takes them in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from msgspec.structs import replace

from donorhub.domain.bank.files.continuity import Span, compare_spans
from donorhub.domain.bank.files.entry_keys import (
    KnownEntry,
    PartyText,
    describe_party,
    drop_all_refs,
    key_entries,
)
from donorhub.domain.bank.files.entry_plan import Ledger as PlanLedger
from donorhub.domain.bank.files.entry_plan import Plan, plan_entries
from donorhub.money import Money
from importers.statement import Detail, Entry, Party


def make_entry(day: date, minor: int, name: str, text: str, *, ref: str | None, account: str | None) -> Entry:
    money = Money(minor, "PLN")
    detail = Detail(0, money, counterparty=Party(name, account), remittance=text)
    return Entry(0, day, money, bank_ref=ref, details=(detail,))


def as_csv(entry: Entry) -> Entry:
    """The same entry as a poorer format tells it: no id, no account, another text."""
    told = entry.details[0]
    detail = replace(
        told, counterparty=Party((told.counterparty.name or "").upper()), remittance=f"P. {told.remittance}"
    )
    return replace(entry, bank_ref=None, details=(detail,))


@dataclass
class Cut:
    """One statement: ``balances`` are opening and closing, where the bank tells them."""

    entries: Sequence[Entry]
    first_on: date
    last_on: date
    balances: tuple[int, int] | None = None
    source_format: str = "camt.053"
    sequence: int | None = None


@dataclass
class Texts:
    """What entries of a file and of the ledger say."""

    entries: Sequence[Entry]
    row_entries: Sequence[Entry]

    def read_items(self, positions: Collection[int]) -> Mapping[int, PartyText]:
        return {position: describe_party(self.entries[position]) for position in positions}

    def read_rows(self, entry_ids: Collection[int]) -> Mapping[int, PartyText]:
        return {id_: describe_party(self.row_entries[id_]) for id_ in entry_ids}


@dataclass
class Ledger:
    rows: list[KnownEntry] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    doubtful: int = 0

    def take(self, cut: Cut, *, ids_trusted: bool = True) -> Plan:
        """Import one statement as a service would; doubtful entries are counted and stay out."""
        incoming = key_entries("A", cut.entries)
        if not ids_trusted:
            incoming = [drop_all_refs(item) for item in incoming]
        span = _span(len(self.spans) + 1, cut)
        ledger = PlanLedger(self.rows, Texts(cut.entries, self.entries), compare_spans(span, self.spans))
        answer = plan_entries(
            ledger, incoming, source_format=cut.source_format, first_on=cut.first_on, last_on=cut.last_on
        )
        places = [part[0] for part in (*answer.new, *answer.same, *answer.doubtful)]
        assert sorted(places) == list(range(len(incoming))), "every entry is accounted for"
        for new in answer.new:
            item = incoming[new.position]
            row = KnownEntry(
                len(self.rows),
                item.day,
                item.minor,
                item.currency,
                item.account,
                item.fingerprint,
                new.occurrence,
                cut.source_format,
                span.statement_id,
                item.refs,
            )
            self.rows.append(row)
            self.entries.append(cut.entries[new.position])
        for same in answer.same:
            row = self.rows[same.entry_id]
            self.rows[same.entry_id] = row._replace(refs=row.refs + same.add_refs)
        self.doubtful += len(answer.doubtful)
        self.spans.append(span)
        keys = Counter((row.fingerprint, row.occurrence) for row in self.rows)
        assert max(keys.values(), default=1) == 1, "fingerprint and occurrence are unique"
        return answer

    def money(self) -> Counter[tuple[date, int]]:
        return Counter((row.day, row.minor) for row in self.rows)


def money_of(entries: Sequence[Entry]) -> Counter[tuple[date, int]]:
    return Counter((entry.booked_on, entry.amount.minor) for entry in entries)


def _span(statement_id: int, cut: Cut) -> Span:
    opening, closing = cut.balances or (None, None)
    return Span(
        statement_id,
        cut.first_on,
        cut.last_on,
        opening,
        closing,
        sum(entry.amount.minor for entry in cut.entries if entry.booked_on == cut.first_on),
        sum(entry.amount.minor for entry in cut.entries if entry.booked_on == cut.last_on),
        cut.sequence,
    )
