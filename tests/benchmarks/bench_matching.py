"""How many lines a second the matching engine proposes, against candidates already fetched.

Run: python -m tests.benchmarks.bench_matching [lines | --quick]. It prints, and asserts no time.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta

from donorhub.domain.bank.matching.clues import Clues, read_clues
from donorhub.domain.bank.matching.matching import propose_matches
from donorhub.domain.bank.matching.matching_facts import (
    Credit,
    DonorFacts,
    InstalmentFacts,
    MatchFacts,
    Policy,
)
from donorhub.domain.donors.codes import format_code
from donorhub.domain.payer_text import cut_address, fold_letters, make_name_key, normalise_account
from donorhub.money import Money
from tests.benchmarks.sizes import read_size

GIVEN = "Anna Łukasz Agnieszka Piotr Małgorzata Arta Agim Blerta Shpëtim Ylli Zofia Józef".split()
SYLLABLES = "ko wal no wak wiś niew dą brow krasni qi ho xha ber isha mo raw kacz mar".split()
START = date(2026, 1, 1)


def _name(rng: random.Random) -> str:
    return f"{rng.choice(GIVEN)} {''.join(rng.choices(SYLLABLES, k=rng.randint(2, 4))).title()}"


def _line(number: int, rng: random.Random, names: list[str]) -> Credit:
    """Of a hundred: 55 known accounts, 20 codes, 10 names, 5 names with a slip, 8 strangers, 2 debits."""
    donor = rng.randrange(len(names))
    kind = rng.randrange(100)
    name, account, text = names[donor], None, f"Darowizna na cele statutowe {number % 900}"
    if kind < 55:
        account = f"PL{donor:026d}"
    elif kind < 75:
        text, account = f"{text} {format_code('DH', 1001 + donor)}", f"PL9{number:025d}"
    elif 85 <= kind < 90:
        name = name[:3] + name[4:5] + name[3:4] + name[5:]
    elif kind >= 90:
        name, account = _name(rng) + "ssy", f"PL8{number:025d}"
    minor = -5000 if kind >= 98 else rng.choice((2000, 3000, 5000, 10000))
    return Credit(number, None, Money(minor, "PLN"), START + timedelta(days=number % 28), name, account, text)


def _facts(names: list[str]) -> MatchFacts:
    by_name: dict[str, tuple[int, ...]] = {}
    for donor, name in enumerate(names):
        by_name[make_name_key(name)] = (*by_name.get(make_name_key(name), ()), donor)
    return MatchFacts(
        donors={donor: DonorFacts(donor, name) for donor, name in enumerate(names)},
        donor_of_number={1001 + donor: donor for donor in range(len(names))},
        donors_of_account={f"PL{donor:026d}": (donor,) for donor in range(len(names))},
        donors_of_name=by_name,
        instalments={
            donor: (
                InstalmentFacts(donor, donor, donor, START + timedelta(days=donor % 28), Money(5000, "PLN")),
            )
            for donor in range(0, len(names), 4)
        },
    )


def _rate(what: str, count: int, work: Callable[[], object]) -> None:
    best = None
    for _ in range(3):
        for cache in (fold_letters, make_name_key, normalise_account, cut_address):
            if hasattr(cache, "cache_clear"):
                cache.cache_clear()
        started = time.process_time()
        work()
        took = time.process_time() - started
        best = took if best is None else min(best, took)
    print(f"{what}: {count / (best or 1):,.0f} lines a CPU second")


def _of_statement(clues: list[Clues], facts: MatchFacts) -> MatchFacts:
    """What a service would fetch for these lines: the rows their clues point to, and no others."""
    donors = {facts.donor_of_number[n] for item in clues for n in item.numbers if n in facts.donor_of_number}
    accounts = {item.account: facts.donors_of_account.get(item.account or "", ()) for item in clues}
    names = {item.name_key: facts.donors_of_name.get(item.name_key, ()) for item in clues}
    for found in (*accounts.values(), *names.values()):
        donors.update(found)
    return MatchFacts(
        donors={donor: facts.donors[donor] for donor in donors},
        donor_of_number={1001 + donor: donor for donor in donors},
        donors_of_account={account: found for account, found in accounts.items() if account and found},
        donors_of_name={name: found for name, found in names.items() if found},
        instalments={donor: facts.instalments[donor] for donor in donors if donor in facts.instalments},
    )


def _in_statements(statements: list[tuple[list[Clues], MatchFacts]], policy: Policy) -> None:
    for clues, facts in statements:
        propose_matches(clues, facts, policy)


def main(lines: int) -> None:
    rng = random.Random(7)
    names = [_name(rng) for _ in range(lines)]
    credits = [_line(number, rng, names) for number in range(lines)]
    facts, policy = _facts(names), Policy("DH", mode="auto")
    clues = read_clues(credits, "DH")
    decisions = [proposal.decision for proposal in propose_matches(clues, facts, policy)]
    counts = {decision: decisions.count(decision) for decision in ("auto", "suggest", "suspense")}
    print(f"{lines:,} lines, {len(names):,} donors: {counts}")
    cut = [clues[first : first + 1000] for first in range(0, lines, 1000)]
    statements = [(some, _of_statement(some, facts)) for some in cut]
    gc.collect()
    gc.freeze()  # the lines and facts themselves are not what is measured
    _rate("reading clues, nothing cached", lines, lambda: read_clues(credits, "DH"))
    _rate("proposing, statements of 1,000 lines", lines, lambda: _in_statements(statements, policy))
    _rate("proposing, all in one statement", lines, lambda: propose_matches(clues, facts, policy))


if __name__ == "__main__":
    main(read_size(sys.argv[1:], quick=2_000, full=100_000))
