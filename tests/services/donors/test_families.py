"""Duplicates among invented families: none is made one with another, nearly all are found."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from itertools import combinations

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.domain.donors.evidence import Comparison, Thresholds, judge_pair
from donorhub.services.donors import accounts, candidates, new_donors
from tests.services.donors.families import Families, Record


def write_records(records: list[Record], now: datetime) -> dict[int, Record]:
    """Write the records as a file of donors brings them; return each by its donor."""
    fields = [
        {
            "name": one.name,
            "given_name": one.given_name,
            "family_name": one.family_name,
            "email": one.email,
            "phone": one.phone,
            "street": one.street,
            "postcode": one.postcode,
            "city": one.town,
            "country": "PL",
        }
        for one in records
    ]
    ids: list[int] = []
    for start in range(0, len(fields), 1000):
        chunk = fields[start : start + 1000]
        ids += new_donors.create_donors(chunk, source="import:test", now=now, actor="user:1")  # type: ignore[arg-type]
    record_by_id = dict(zip(ids, records, strict=True))
    accounts.record_accounts(
        [(id_, one.account) for id_, one in record_by_id.items() if one.account],
        source="import:test",
        now=now,
    )
    candidates.count_surnames()
    db.session.commit()
    return record_by_id


def find_all_pairs() -> list[Comparison]:
    pairs: dict[tuple[int, int], Comparison] = {}
    for ids in candidates.stream_donor_ids():
        pairs |= {(one.left_id, one.right_id): one for one in candidates.find_pairs(ids)}
    return list(pairs.values())


def measure(records: dict[int, Record], pairs: list[Comparison]) -> Counter[str]:
    """Count the pairs by what follows of them and by what is true of them."""
    by_person: dict[int, list[int]] = {}
    for id_, record in records.items():
        by_person.setdefault(record.person, []).append(id_)
    counts: Counter[str] = Counter()
    counts["true"] = sum(len(list(combinations(ids, 2))) for ids in by_person.values())
    for one in pairs:
        left, right = records[one.left_id], records[one.right_id]
        truth = (
            "same" if left.person == right.person else "kin" if left.family == right.family else "strangers"
        )
        counts[f"{judge_pair(one, Thresholds())} {truth}"] += 1
    return counts


def assert_good(counts: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    automatic = counts["automatic same"] / counts["true"]
    found = (counts["automatic same"] + counts["review same"]) / counts["true"]
    with capsys.disabled():
        print(f"\nautomatic recall {automatic:.3f}, with review {found:.3f}: {dict(sorted(counts.items()))}")
    assert counts["automatic kin"] == counts["automatic strangers"] == 0
    assert counts["review strangers"] == 0
    assert automatic >= 0.75 and found >= 0.97
    proposed = sum(count for verdict, count in counts.items() if verdict.startswith("household "))
    assert proposed and counts["household kin"] / proposed >= 0.99


@pytest.mark.parametrize("seed", [1, 2])
def test_duplicates_of_families(
    database: Flask, now: datetime, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two thousand records: no false merge, no stranger asked about, and the rates that are promised."""
    records = write_records(Families(random.Random(seed)).draw_records(2000), now)
    assert_good(measure(records, find_all_pairs()), capsys)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_duplicates_of_many_families(
    database: Flask, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same among so many that more than ten thousand pairs would be made one."""
    records = write_records(Families(random.Random(3)).draw_records(60_000), now)
    counts = measure(records, find_all_pairs())
    assert counts["automatic same"] >= 10_000
    assert_good(counts, capsys)
