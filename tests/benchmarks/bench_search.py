"""How fast the search answers while one types.

    .venv/bin/python -m tests.benchmarks.bench_search [donors | --quick | --million]

Among a hundred thousand donors; ``--million`` measures among a million then, and says how much slower that
is. Where the bases lie: :mod:`.kept_base`. Nothing is asserted.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.domain.donors import codes
from donorhub.services.donors import ranked_search
from donorhub.services.reports import whole_search
from tests.benchmarks.kept_base import HUNDRED_THOUSAND, MILLION, open_base
from tests.benchmarks.measuring import Timings, measure, print_growth
from tests.benchmarks.search_base import GIVEN, READER, TOWNS, make_person
from tests.benchmarks.sizes import read_size
from tests.queries.large_base import FIRST

QUERIES: Final = 200
MOST_AT_RECALL: Final = 20
ALL: Final = Principal("user", 1, READER, PERMISSIONS)


def main(count: int) -> Timings:
    """Measure on a base, print, and return the p50 and p95 of each kind of search in milliseconds."""
    with open_base(count):
        return _measure_searches(count)


def _measure_searches(count: int) -> Timings:
    pick = random.Random(11)
    numbers = [pick.randrange(count) for _ in range(QUERIES)]
    timings: Timings = {}
    for kind, texts in _list_texts(numbers, pick).items():
        timings[kind] = measure(kind, [lambda text=text: _search(text) for text in texts])  # type: ignore[misc]
    typos = list(_list_typos(numbers, pick))
    hits = sum(
        FIRST + number in [hit.id for hit in ranked_search.find_best_donors(name, ALL, limit=MOST_AT_RECALL)]
        for number, name in typos
    )
    print(f"{'recall@20 of typos':46} {hits} of {len(typos)}: {hits / len(typos):.3f}")
    return timings


def _search(text: str) -> None:
    whole_search.find_everything(text, ALL).cut_to(whole_search.MOST)
    db.session.rollback()


def _list_texts(numbers: Sequence[int], pick: random.Random) -> dict[str, list[str]]:
    people = [make_person(number) for number in numbers]
    typos = [text for _number, text in _list_typos(numbers, random.Random(5))]
    return {
        "two letters": [one.family_name[:2] for one in people],
        "three letters": [one.family_name[:3] for one in people],
        "a given name": [pick.choice(GIVEN) for _ in people],
        "a family name": [one.family_name for one in people],
        "given and family name": [one.name for one in people],
        "family name and town": [f"{one.family_name} {one.town}" for one in people],
        "beginnings of both names": [f"{one.given_name[:3]} {one.family_name[:4]}" for one in people],
        "a town": [pick.choice(TOWNS) for _ in people],
        "names with a typo": typos,
        "one name with a typo": [text.split()[-1] for text in typos],
        "a part of a word": [one.family_name[1:6] for one in people],
        "nobody": [f"{one.family_name}xqv{one.town[:3]}" for one in people],
        "e-mail": [one.email for one in people],
        "beginning of an e-mail": [one.email[:-8] for one in people],
        "phone": [one.phone for one in people],
        "beginning of a phone": [one.phone[4:11] for one in people],
        "end of a phone": [one.phone[-7:] for one in people],
        "account": [one.account for one in people],
        "beginning of an account": [f"{one.account[:4]} {one.account[4:8]}" for one in people],
        "end of an account": [one.account[-4:] for one in people],
        "postcode": [one.postcode for one in people],
        "code": [codes.format_code("DH", 1000 + FIRST + number) for number in numbers],
        "receipt": [f"R/2020/{number % 100_000:05}" for number in numbers],
        "amount": [f"{5000 + number % 1000:d}"[:2] + f",{number % 100:02}" for number in numbers],
        "about an amount": [f"about {50 + number % 10}" for number in numbers],
        "number": [str(1 + number) for number in numbers],
    }


def _list_typos(numbers: Sequence[int], pick: random.Random) -> Iterator[tuple[int, str]]:
    """Yield the whole name of each donor with one slip in one of its words."""
    for number in numbers:
        person = make_person(number)
        words = [person.given_name, person.family_name]
        place = pick.randrange(2)
        words[place] = _mistype(words[place], pick)
        yield number, " ".join(words)


def _mistype(word: str, pick: random.Random) -> str:
    at = pick.randrange(len(word) - 1)
    letter = pick.choice("abcdefghijklmnoprstuwyz")
    return pick.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
        )
    )


if __name__ == "__main__":
    if "--million" in sys.argv:
        first = main(HUNDRED_THOUSAND)
        print_growth(first, main(MILLION))
    else:
        main(read_size(sys.argv[1:], quick=2_000, full=HUNDRED_THOUSAND))
