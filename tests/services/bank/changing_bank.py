"""A bank that changes what it told: its payments, what it makes of them, and what it exports in any format.

It knows the truth: which payments there are, every version that the bank told of each, and so what a person
who asks the bank would answer. Nothing of it is computed by the program.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final
from unittest import mock

from tests.importers import bank_writers
from tests.importers.bank_writers import Plain, iban
from tests.importers.ofx import ofx_writer
from tests.importers.samples import WRITE
from tests.importers.table import table_writer
from tests.services.bank.bank import OURS, Paid, camt

START: Final = date(2026, 8, 3)
OPENING: Final = 500_000
WRITTEN_ON: Final = date(2026, 10, 1)  # the day before the first file; each next one is a day later
NAMES: Final = ("Anna Kowalska", "Besa Hoxha", "Jan Nowak", "Zofia Gjoni", "Piotr Lis")
LATE_NAMES: Final = ("Ewa Mak", "Agim Leka")
TEXTS: Final = ("darowizna", "dhurim", "na zwierzeta", "skladka")
PROVED: Final = ("camt", "mt940 gvc", "mt940 labelled", "csv pl.mbank.detail", "csv pl.millennium")
UNPROVED: Final = ("ofx1", "ofx2", "csv plain.pl", "csv pl.alior", "xlsx")
CHANGES: Final = ("amount", "day", "id", "text", "amount and id")
# What less orderly banks do besides: ids dropped or given twice, payments changed again, a change
# taken back, a payment withdrawn, one booked late, and changes on the first and last days of files.
MORE_CHANGES: Final = (*CHANGES, "no id", "same id", "again", "back", "withdrawn", "late", "border")
_REACH: Final = 6  # days and a margin by which formats differ
Version = tuple[date, int, str]  # day, sum and name: what a person tells payments apart by


@dataclass(frozen=True, slots=True)
class Export:
    """A file of the bank; ``told`` are the payments in it, with what the bank made of them by then."""

    data: bytes
    filename: str
    source: str
    made_at: int
    told: dict[int, Plain]
    choices: dict[str, Any]


@dataclass
class ChangingBank:
    """An account at a bank. ``changes`` are the payments it changed, one entry a change."""

    rng: random.Random
    days: int
    with_refs: bool = True
    is_numbered: bool = False
    payments: dict[int, Plain] = field(default_factory=dict)
    versions: dict[int, list[Version]] = field(default_factory=lambda: defaultdict(list))
    changes: list[tuple[str, int]] = field(default_factory=list)
    exports_count: int = 0
    borders: list[date] = field(default_factory=list)  # first and last days of the files so far

    def fill(self, count: int) -> None:
        """Let people pay; equal payments on one day are honest twins."""
        for key in range(count):
            n = self.rng.randrange(len(NAMES))
            self.payments[key] = Plain(
                START + timedelta(days=self.rng.randrange(self.days)),
                self.rng.choice((2000, 5000, 5000, 5000, 10000, 30000, -700)),
                "PLN",
                NAMES[n],
                iban("PL", f"10901014{n:016d}"),
                self.rng.choice(TEXTS),
                f"R{key:05d}" if self.with_refs else "",
            )
            self._remember(key)

    def _remember(self, key: int) -> None:
        one = self.payments[key]
        self.versions[key].append((one.booked_on, one.minor, one.name))

    def change(self, kind: str, last: date) -> None:
        """Change one payment among those up to a day; no payment is changed twice."""
        changed_keys = {key for _, key in self.changes}
        keys = [
            key for key, one in self.payments.items() if one.booked_on <= last and key not in changed_keys
        ]
        if not keys:
            return
        key = self.rng.choice(keys)
        one = self.payments[key]
        if "amount" in kind:
            one = replace(one, minor=one.minor + (100 if one.minor > 0 else -100) * self.rng.randint(1, 9))
        if kind == "day":
            on = one.booked_on + timedelta(days=self.rng.choice((-2, -1, 1, 2)))
            one = replace(one, booked_on=min(max(on, START), last))
        if "id" in kind and one.ref:
            one = replace(one, ref=f"C{key:05d}")
        if kind == "text":
            one = replace(one, remittance=f"{one.remittance} poprawione")
        if one == self.payments[key]:
            return
        self.payments[key] = one
        self.changes.append((kind, key))
        self._remember(key)

    def change_wildly(self, kind: str, last: date) -> None:
        """Change one payment among those up to a day, perhaps one that was changed before."""
        if kind in CHANGES:
            self.change(kind, last)
            return
        changed_keys = [key for _, key in self.changes if key in self.payments]
        fresh_keys = [
            key
            for key, one in self.payments.items()
            if one.booked_on <= last and key not in changed_keys and self._suits(kind, one)
        ]
        keys = changed_keys if kind in ("again", "back") else fresh_keys
        keys = [key for key in keys if self.payments[key].booked_on <= last]
        if not keys:
            return
        key = self.rng.choice(keys)
        one = self.payments[key]
        if kind == "withdrawn":
            del self.payments[key]
            self.changes.append((kind, key))
            return
        if kind == "late":
            key = max(self.versions) + 1
            n = self.rng.randrange(len(LATE_NAMES))
            account = iban("PL", f"10901014{n + 50:016d}")
            one = replace(one, minor=self.rng.choice((1900, 4900)), name=LATE_NAMES[n], account=account)
            one = replace(one, ref=f"R{key:05d}" if one.ref else "")
        elif kind == "no id":
            one = replace(one, ref="")
        elif kind == "same id":
            other = self.payments[self.rng.choice(list(self.payments))]
            one = replace(one, ref=other.ref or one.ref)
        elif kind == "back":
            on, minor, _ = self.versions[key][0]
            one = replace(one, booked_on=on, minor=minor)
        elif kind == "border" and self.rng.random() < 0.5:
            on = one.booked_on + timedelta(days=self.rng.choice((-2, -1, 1, 2)))
            one = replace(one, booked_on=min(max(on, START), last))
        else:
            one = replace(one, minor=one.minor + (100 if one.minor > 0 else -100) * self.rng.randint(1, 9))
        if self.payments.get(key) != one:
            self.payments[key] = one
            self.changes.append((kind, key))
            self._remember(key)

    def _suits(self, kind: str, one: Plain) -> bool:
        if kind == "border":
            return one.booked_on in self.borders
        if kind == "withdrawn":
            # Another format may date it some days off: near the ends of all files nobody can know.
            place = (one.booked_on - START).days
            return _REACH < place < self.days - 1 - _REACH
        return bool(one.ref) if kind in ("no id", "same id") else True

    def renumber(self) -> None:
        """Give every payment another id, as some banks do in each file."""
        prefix = f"N{self.exports_count}"
        for key, one in self.payments.items():
            if one.ref:
                self.payments[key] = replace(one, ref=f"{prefix}{key:05d}")

    def export(self, source: str, first: date, last: date) -> Export | None:
        """Write whole days in a format; None where nothing happened on them."""
        told = {key: one for key, one in self.payments.items() if first <= one.booked_on <= last}
        if not told:
            return None
        self.exports_count += 1
        self.borders += [first, last]
        n = self.exports_count
        ordered = [told[key] for key in sorted(told, key=lambda key: (told[key].booked_on, key))]
        opening = OPENING + sum(one.minor for one in self.payments.values() if one.booked_on < first)
        name = f"{n:03d}.{source.partition(' ')[0]}"
        if source == "camt":
            paid = [
                Paid(one.booked_on, one.minor, one.name, one.account, one.remittance, one.ref)
                for one in ordered
            ]
            written_at = f"{WRITTEN_ON + timedelta(days=n)}T06:00:00"
            data = camt(
                paid,
                opening=opening,
                account=OURS,
                period=(first, last),
                name=f"W{n}",
                written_at=written_at,
            )
        else:
            data = _write(source, ordered, opening, n, is_numbered=self.is_numbered)
        return Export(data, name, source, len(self.changes), told, {"currency": "PLN"})

    def find_keys(self, version: tuple[date, int], name: str) -> set[int]:
        """Return the payments of which the bank ever told this day and sum; ``name`` may be empty."""
        wanted = name.casefold()
        return {
            key
            for key, versions in self.versions.items()
            for on, minor, who in versions
            if (on, minor) == version and (not wanted or who.casefold() == wanted)
        }

    def find_last(self, key: int, version: tuple[date, int]) -> int:
        """Return which of its versions of a payment the bank told last with this day and sum; -1 for none."""
        versions = self.versions[key]
        return max((n for n, (on, minor, _) in enumerate(versions) if (on, minor) == version), default=-1)


def _write(source: str, entries: Sequence[Plain], opening: int, n: int, *, is_numbered: bool) -> bytes:
    if source.startswith("mt940"):
        entries = [replace(one, ref=one.ref or "NONREF") for one in entries]
    elif source.startswith("ofx"):
        entries = [replace(one, ref=one.ref or "0") for one in entries]
    with (
        mock.patch.multiple(bank_writers, OPENING_MINOR=opening),
        mock.patch.multiple(ofx_writer, OPENING_MINOR=opening),
        mock.patch.multiple(table_writer, OPENING_MINOR=opening),
    ):
        data = WRITE[source](entries)
    if source.startswith("mt940") and is_numbered:
        data = data.replace(b":28C:00001/00001", f":28C:{n:05d}/00001".encode())
    if source.startswith("ofx"):
        written_on = WRITTEN_ON + timedelta(days=n)
        data = re.sub(rb"(<DTSERVER>)\d{8}", rb"\g<1>" + f"{written_on:%Y%m%d}".encode(), data)
    if source.startswith("csv"):
        data += b"\r\n" * n  # other bytes each time
    return data


def can_pair(left: Collection[Collection[int]]) -> bool:
    """Return whether each of these can have a payment of its own among those it may be."""
    taken: dict[int, int] = {}
    choices = list(left)

    def place(n: int, seen: set[int]) -> bool:
        for key in choices[n]:
            if key in seen:
                continue
            seen.add(key)
            if key not in taken or place(taken[key], seen):
                taken[key] = n
                return True
        return False

    return all(place(n, set()) for n in range(len(choices)))
