"""Overlapping, repeated and intraday statements end in exactly the money there was."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import accumulate, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from donorhub.money import Money
from importers.statement import Detail, Entry, Party
from tests.domain.bank.account import Cut, Ledger, as_csv, make_entry, money_of
from tests.shared import BANK, list_shared, needs_shared

START = date(2026, 3, 2)
SUBITE = list_shared(BANK / "camt" / "subite", "*.xml")

gifts = st.tuples(
    st.integers(0, 8),  # day
    st.sampled_from([2000, 5000, 5000, 10000, -5000]),
    st.sampled_from(["Jan Kowalski", "Anna Nowak", "Agim Krasniqi"]),
    st.sampled_from(["Darowizna", "Dhurim"]),
)


def account_of(drawn: list[tuple[int, int, str, str]], *, with_refs: bool) -> list[Entry]:
    """The account's entries in order; equal gifts on one day are honest twins."""
    return [
        make_entry(
            START + timedelta(days=day),
            minor,
            name,
            text,
            ref=f"R{place}" if with_refs else None,
            account=f"PL{len(name):026d}",
        )
        for place, (day, minor, name, text) in enumerate(sorted(drawn))
    ]


def window(entries: list[Entry], first: int, last: int, source_format: str = "camt.053") -> Cut:
    """What an export of whole days holds."""
    first_on, last_on = START + timedelta(days=first), START + timedelta(days=last)
    inside = [entry for entry in entries if first_on <= entry.booked_on <= last_on]
    return Cut(inside, first_on, last_on, source_format=source_format)


def windows(rng: random.Random, times: int = 6) -> list[tuple[int, int]]:
    """Overlapping windows that cover nine days, in any order, some twice."""
    cuts = [(0, 3), (3, 6), (6, 8)] + [tuple(sorted(rng.choices(range(9), k=2))) for _ in range(times)]
    some = [*cuts, *rng.sample(cuts, 3)]
    rng.shuffle(some)
    return [(first, last) for first, last in some]


@given(st.lists(gifts, max_size=40), st.booleans(), st.randoms(use_true_random=False))
def test_overlapping_exports_make_exactly_the_ledger(
    drawn: list[tuple[int, int, str, str]], with_refs: bool, rng: random.Random
) -> None:
    """Overlapping exports, taken in any order, end in exactly the entries of the account, none twice and none
    lost."""
    entries, ledger = account_of(drawn, with_refs=with_refs), Ledger()
    for first, last in windows(rng):
        ledger.take(window(entries, first, last))
    assert ledger.money() == money_of(entries)
    assert ledger.doubtful == 0


@given(st.lists(gifts, max_size=40), st.randoms(use_true_random=False))
def test_two_formats_count_one_account_once(
    drawn: list[tuple[int, int, str, str]], rng: random.Random
) -> None:
    """The same account read in two formats is counted once, although one format says less than the other."""
    entries, ledger = account_of(drawn, with_refs=True), Ledger()
    poorer = [as_csv(entry) for entry in entries]
    for first, last in windows(rng):
        is_csv = rng.random() < 0.5
        ledger.take(window(poorer if is_csv else entries, first, last, "csv" if is_csv else "camt.053"))
    for source_format, told in (("camt.053", entries), ("csv", poorer)):
        ledger.take(window(told, 0, 8, source_format))
    assert ledger.money() == money_of(entries)
    assert ledger.doubtful == 0


@given(st.lists(gifts, min_size=1, max_size=30), st.booleans(), st.randoms(use_true_random=False))
def test_intraday_statements_that_follow_by_number_add_up(
    drawn: list[tuple[int, int, str, str]], with_refs: bool, rng: random.Random
) -> None:
    """Twins on both sides of a cut are different money; each statement again adds nothing."""
    entries, ledger = account_of(drawn, with_refs=with_refs), Ledger()
    cuts = intraday(entries, rng)
    for cut in [*cuts, *rng.sample(cuts, len(cuts))]:
        ledger.take(cut)
    assert ledger.money() == money_of(entries)
    assert ledger.doubtful == 0


@given(st.lists(gifts, min_size=1, max_size=30), st.booleans(), st.randoms(use_true_random=False))
def test_intraday_statements_out_of_order_lose_nothing_unseen(
    drawn: list[tuple[int, int, str, str]], with_refs: bool, rng: random.Random
) -> None:
    """While the one between is missing nobody can know; all that may be new waits for a person."""
    entries, ledger = account_of(drawn, with_refs=with_refs), Ledger()
    cuts = intraday(entries, rng)
    for cut in rng.sample(cuts, len(cuts)):
        ledger.take(cut)
    assert len(ledger.rows) + ledger.doubtful == len(entries)
    assert ledger.money() <= money_of(entries)


@given(st.lists(gifts, max_size=40), st.booleans(), st.randoms(use_true_random=False))
def test_balances_do_not_disturb_whole_days(
    drawn: list[tuple[int, int, str, str]], with_refs: bool, rng: random.Random
) -> None:
    """Balances do not disturb overlapping exports of whole days: the money is right and nothing is lost
    unseen. Beside days that no file has told yet, a payment like one on the far side may be asked about,
    where the balances miss just its sum."""
    entries, ledger = account_of(drawn, with_refs=with_refs), Ledger()
    told: set[date] = set()
    asked: set[Entry] = set()
    for first, last in windows(rng):
        cut = window(entries, first, last)
        before = sum(entry.amount.minor for entry in entries if entry.booked_on < cut.first_on)
        cut.balances = (before, before + sum(entry.amount.minor for entry in cut.entries))
        doubtful = {cut.entries[doubt.position] for doubt in ledger.take(cut).doubtful}
        assert doubtful <= asked or is_beside_untold_days(told, cut)
        asked |= doubtful
        told |= {START + timedelta(days=n) for n in range(first, last + 1)}
    assert ledger.money() <= money_of(entries)
    assert ledger.doubtful or ledger.money() == money_of(entries)
    assert len(ledger.rows) + ledger.doubtful >= len(entries), "nothing is lost unseen"


def is_beside_untold_days(told: set[date], cut: Cut) -> bool:
    """Whether days that no file told lie between a file and the next day that one did, on either side."""
    day = timedelta(days=1)
    before = [on for on in told if on < cut.first_on]
    after = [on for on in told if on > cut.last_on]
    return bool((before and max(before) + day < cut.first_on) or (after and cut.last_on + day < min(after)))


def intraday(entries: list[Entry], rng: random.Random) -> list[Cut]:
    """Consecutive numbered statements with balances, cut anywhere, also within a day."""
    balances = list(accumulate((entry.amount.minor for entry in entries), initial=100))
    edges = sorted({0, len(entries), *rng.choices(range(len(entries) + 1), k=5)})
    return [
        Cut(
            entries[first:last],
            entries[first].booked_on,
            entries[last - 1].booked_on,
            (balances[first], balances[last]),
            sequence=number,
        )
        for number, (first, last) in enumerate(pairwise(edges), start=1)
    ]


def test_balances_make_an_intraday_twin_new() -> None:
    """A twin in the next intraday statement is new because its balances alone say that it is other money."""
    ledger, gift = Ledger(), make_entry(START, 5000, "Jan", "x", ref=None, account=None)
    ledger.take(Cut([gift], START, START, (0, 5000)))
    answer = ledger.take(Cut([gift], START, START, (5000, 10000)))
    assert [(new.position, new.occurrence) for new in answer.new] == [(0, 1)]


def test_parts_of_day_without_balances_need_person() -> None:
    """Without balances nothing says whether two parts of a day overlap, so a person decides about the
    twin."""
    ledger = Ledger()
    twin = make_entry(START, 5000, "Jan", "x", ref=None, account=None)
    morning = make_entry(START, 2000, "Anna", "x", ref=None, account=None)
    evening = make_entry(START, 3000, "Ewa", "x", ref=None, account=None)
    ledger.take(Cut([twin, morning], START, START))
    answer = ledger.take(Cut([twin, evening], START, START))
    assert [doubt.doubt for doubt in answer.doubtful] == ["part_of_a_day"]
    assert [new.position for new in answer.new] == [1]


def test_possible_repeat_of_balances_needs_person() -> None:
    """A chain of balances that could be a repeat is left to a person: 0 to 60, 60 to 0, and 0 to 60, where
    the third may be the first once more."""
    ledger = Ledger()
    come, gone = (make_entry(START, minor, "Jan", "x", ref=None, account=None) for minor in (60, -60))
    ledger.take(Cut([come], START, START, (0, 60)))
    ledger.take(Cut([gone], START, START, (60, 0)))
    answer = ledger.take(Cut([come], START, START, (0, 60)))
    assert [doubt.doubt for doubt in answer.doubtful] == ["unsure_order"]


def test_changed_text_is_not_booked_twice() -> None:
    """An entry whose text the bank changed is not booked a second time unseen, but becomes a doubt."""
    ledger = Ledger()
    ledger.take(Cut([make_entry(START, 5000, "Jan", "blokada", ref=None, account="PL1")], START, START))
    answer = ledger.take(
        Cut([make_entry(START, 5000, "Jan", "przelew", ref=None, account="PL1")], START, START)
    )
    assert [doubt.doubt for doubt in answer.doubtful] == ["text_changed"]
    assert answer.new == ()


def test_changing_ids_do_not_double_the_ledger() -> None:
    """Ids that change with every download do not double the ledger: the second id makes a doubt, no new
    entry."""
    ledger = Ledger()
    ledger.take(Cut([make_entry(START, 5000, "Jan", "x", ref="d1-1", account="PL1")], START, START))
    answer = ledger.take(Cut([make_entry(START, 5000, "Jan", "x", ref="d2-1", account="PL1")], START, START))
    assert [doubt.doubt for doubt in answer.doubtful] == ["other_bank_ref"]


def test_new_id_is_other_money_beside_repeats() -> None:
    """Where the bank repeats its ids, another id is other money: the known entry is the same, the second is
    new."""
    ledger = Ledger()
    first, second = (make_entry(START, 5000, "Jan", "x", ref=ref, account="PL1") for ref in ("R1", "R2"))
    ledger.take(Cut([first], START, START))
    answer = ledger.take(Cut([first, second], START, START))
    assert [new.position for new in answer.new] == [1]
    assert [same.how for same in answer.same] == ["fingerprint"]


def test_ids_untrusted_later_double_nothing() -> None:
    """When ids turn out untrusted later, entries that came with them are known by content and are not
    doubled."""
    ledger = Ledger()
    twins = [make_entry(START, 5000, "Jan", "x", ref=ref, account="PL1") for ref in ("1", "2")]
    ledger.take(Cut(twins, START, START))
    answer = ledger.take(Cut([*twins, twins[0]], START, START), ids_trusted=False)
    assert [same.how for same in answer.same] == ["content", "content"]
    assert len(answer.new) == 1


def test_same_id_finds_entry_across_formats() -> None:
    """The same id in another format finds the entry, and the ids that are new in it are kept."""
    ledger = Ledger()
    ledger.take(Cut([make_entry(START, 5000, "Jan", "x", ref="R1", account="PL1")], START, START))
    told = Detail(0, Money(5000, "PLN"), tx_id="T9", counterparty=Party("JAN", "PL2"), remittance="other")
    again = Entry(0, START, Money(5000, "PLN"), bank_ref="R1", details=(told,))
    answer = ledger.take(Cut([again], START, START, source_format="mt940"))
    assert [(same.how, same.add_refs) for same in answer.same] == [("bank_ref", ("T9",))]


def subite() -> list[Cut]:
    """The nine daily statements of one real account; its entries tell no day, no party and no text."""
    cuts = []
    for file in SUBITE:
        root = ElementTree.parse(file).getroot()
        ns = {"c": root.tag[1:].partition("}")[0]}
        told = root.findall(".//c:Stmt", ns)[0]
        sums = [_minor(b.findtext("c:Amt", "", ns)) for b in told.findall("c:Bal", ns)]
        day = date.fromisoformat(told.findtext("c:Bal/c:Dt/c:Dt", "", ns))
        entries = []
        for place, booked in enumerate(told.findall("c:Ntry", ns)):
            sign = 1 if booked.findtext("c:CdtDbtInd", "", ns) == "CRDT" else -1
            money = Money(sign * _minor(booked.findtext("c:Amt", "", ns)), "EUR")
            entries.append(Entry(place, day, money, bank_ref=booked.findtext("c:AcctSvcrRef", None, ns)))
        cuts.append(Cut(entries, day, day, (sums[0], sums[-1])))
    return cuts


def _minor(text: str) -> int:
    return Money.parse(text, "EUR").minor


@needs_shared(BANK)
@pytest.mark.parametrize("with_refs", [True, False])
@settings(max_examples=10, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_real_account_equals_its_nine_statements(with_refs: bool, rng: random.Random) -> None:
    """A real account, read in overlapping windows, gives exactly the entries of its nine daily statements."""
    daily = subite()
    ledger = Ledger()
    for first, last in windows(rng, times=3):
        days = daily[first : last + 1]
        entries = [entry for cut in days for entry in cut.entries]
        ledger.take(Cut(entries, days[0].first_on, days[-1].last_on), ids_trusted=with_refs)
    assert ledger.money() == money_of([entry for cut in daily for entry in cut.entries])
    assert ledger.doubtful == 0


def test_chance_balances_do_not_hide_an_overlap() -> None:
    """Balances that agree by chance do not count an overlap twice: 50 came and 50 went after the first file's
    middle, so that the second seems to begin where it ended."""
    ledger = Ledger()
    day = [
        make_entry(START, minor, "Jan", "x", ref=None, account=None) for minor in (2000, 5000, -5000, 3000)
    ]
    ledger.take(Cut(day[:3], START, START, (0, 2000)))
    answer = ledger.take(Cut(day[1:], START, START, (2000, 5000)))
    assert [(doubt.position, doubt.doubt) for doubt in answer.doubtful] == [
        (0, "unsure_order"),
        (1, "unsure_order"),
    ]
    assert [new.position for new in answer.new] == [2]


def test_bank_id_reveals_a_hidden_overlap() -> None:
    """An id of the bank reveals an overlap that the balances hide, so nothing is booked twice."""
    ledger = Ledger()
    day = [
        make_entry(START, minor, "Jan", "x", ref=f"R{n}", account=None)
        for n, minor in enumerate((2000, 5000, -5000, 3000))
    ]
    ledger.take(Cut(day[:3], START, START, (0, 2000)))
    ledger.take(Cut(day[1:], START, START, (2000, 5000)))
    assert ledger.money() == money_of(day)
    assert ledger.doubtful == 0


def test_formats_with_partial_days_need_person() -> None:
    """Two formats that each hold a part of a day are not merged unseen: the twin waits for a person."""
    ledger = Ledger()
    twin, morning, evening = (
        make_entry(START, minor, "Jan", "x", ref=None, account="PL1") for minor in (5000, 2000, 3000)
    )
    ledger.take(Cut([twin, morning], START, START))
    answer = ledger.take(Cut([as_csv(twin), as_csv(evening)], START, START, source_format="csv"))
    assert [doubt.doubt for doubt in answer.doubtful] == ["part_of_a_day"]
    assert [new.position for new in answer.new] == [1]


@pytest.mark.parametrize("with_refs", [True, False])
@given(drawn=st.lists(gifts, min_size=1, max_size=30), rng=st.randoms(use_true_random=False))
def test_windows_cut_inside_days_never_count_money_twice(
    with_refs: bool, drawn: list[tuple[int, int, str, str]], rng: random.Random
) -> None:
    """Files of a bank's "last payments" overlap anywhere; what may be either waits for a person."""
    entries, ledger = account_of(drawn, with_refs=with_refs), Ledger()
    balances = list(accumulate((entry.amount.minor for entry in entries), initial=100))
    edges = sorted({0, len(entries), *rng.choices(range(len(entries) + 1), k=4)})
    parts = [(max(0, first - rng.randrange(4)), last) for first, last in pairwise(edges)]
    for first, last in [*rng.sample(parts, len(parts)), *rng.sample(parts, len(parts) // 2)]:
        cut = Cut(entries[first:last], entries[first].booked_on, entries[last - 1].booked_on)
        cut.balances = (balances[first], balances[last])
        ledger.take(cut)
    assert ledger.money() <= money_of(entries)


def test_same_id_on_another_day_needs_person() -> None:
    """The same id on another day in another format is known by its account, since one format gives the day of
    the order and the other that of the booking; of another account it waits for a person, and days later it
    is a new entry."""
    ledger = Ledger()
    booked = make_entry(START, 5000, "Jan", "x", ref="R1", account="PL1")
    ledger.take(Cut([booked], START, START))
    ordered = replace(booked, booked_on=START - timedelta(days=2))
    answer = ledger.take(Cut([ordered], START - timedelta(days=3), START, source_format="csv"))
    assert [(same.entry_id, same.how) for same in answer.same] == [(0, "other_day")]
    item = make_entry(START - timedelta(days=2), 5000, "Jan", "x", ref="R1", account="PL2")
    answer = ledger.take(Cut([item], START - timedelta(days=3), START, source_format="csv"))
    assert [(doubt.entry_id, doubt.doubt) for doubt in answer.doubtful] == [(0, "other_day")]
    later = replace(booked, booked_on=START + timedelta(days=6))
    assert len(ledger.take(Cut([later], START, START + timedelta(days=7), source_format="csv")).new) == 1


def test_statement_over_a_border_parts_no_neighbours() -> None:
    """A gift that an overlapping statement brought explains the balance of the next: its return some days
    later is new, and no doubt about a gift that the days before lack."""
    gift, back, back_again = (
        make_entry(START + timedelta(days=n), minor, "Jan", "x", ref=None, account="PL1")
        for n, minor in ((4, 10000), (4, -5000), (7, -5000))
    )
    ledger, every = Ledger(), [gift, back, back_again]
    for first, last, balances in ((0, 3, (0, 0)), (3, 6, (0, 5000)), (6, 8, (5000, 0))):
        cut = window(every, first, last)
        cut.balances = balances
        assert ledger.take(cut).doubtful == ()
    assert ledger.money() == money_of(every)


def test_files_that_fit_in_both_orders_are_asked() -> None:
    """Two files of one day without ids: the second closes with what the first opens with, because together
    they come to nothing, whether it came before or repeats the first one's last entry. A person decides."""
    out, more_out, gift = (
        make_entry(START, minor, "Jan", "x", ref=None, account="PL1") for minor in (-5000, -5000, 10000)
    )
    ledger = Ledger()
    ledger.take(Cut([out, more_out], START, START, (100, -9900)))
    answer = ledger.take(Cut([more_out, gift], START, START, (-4900, 100)))
    assert [doubt.doubt for doubt in answer.doubtful] == ["unsure_order"]
    assert ledger.money() <= money_of([out, more_out, gift])
