"""How long it takes to see whether a new donor is there already, and to look through the whole base again.

    .venv/bin/python -m tests.benchmarks.bench_duplicates [donors | --quick]

In the database of DATABASE_URL, which is to be empty, else in SQLite in a temporary folder; among a million
donors of invented families, or 20,000. Nothing is asserted.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from donorhub import clock, config
from donorhub.app import create_app
from donorhub.db import Base, cut_chunks, db, set_reading
from donorhub.domain.donors import codes
from donorhub.domain.donors.contact_values import ContactValue, make_postal_value
from donorhub.domain.donors.evidence import judge_pair
from donorhub.migrations import run
from donorhub.services.access import organisation
from donorhub.services.donors import candidates, contact_rows, donors, duplicates, identity_keys
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.donors.identity_keys import Named
from tests.benchmarks.sizes import read_size
from tests.services.donors.families import Families, Record

NOW: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
CHECKS: Final = 1000
AT_ONCE: Final = 5000


def main(arguments: Sequence[str]) -> None:
    size = read_size(arguments, quick=20_000, full=1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        settings = config.load_settings(
            {**os.environ, "DONORHUB_MODE": "test", "DONORHUB_HOME": folder, "DONORHUB_SETTLE_S": "120"}
        )
        app = create_app(settings)
        clock.use_clock(lambda: NOW)
        with app.app_context():
            run.upgrade(db.engine)
            organisation.create_organisation("Bench", now=NOW)
            db.session.commit()
            records = Families(random.Random(7)).draw_records(size)
            print(f"{len(records):,} records are written …", flush=True)
            write_base(records)
            if db.engine.dialect.name == "postgresql":
                with db.engine.begin() as connection:
                    connection.exec_driver_sql("ANALYZE")
            measure_checks(records)
            measure_whole_look()
        if (Path(folder) / "donorhub.sqlite3").exists():
            print(f"SQLite: {(Path(folder) / 'donorhub.sqlite3').stat().st_size / 1e6:,.0f} MB")


def write_base(records: Sequence[Record]) -> None:
    tables = Base.metadata.tables
    first_id = 1
    for chunk in cut_chunks(records, AT_ONCE):
        ids = range(first_id, first_id + len(chunk))
        first_id += len(chunk)
        rows, contacts, keys = [], [], []
        for id_, record in zip(ids, chunk, strict=True):
            rows.append(_make_row(id_, record))
            values = _list_values(record)
            contacts += [
                contact_rows.make_row(id_, value, source="bench", now=NOW)
                | {"is_preferred": value.kind != "account"}
                for value in values
            ]
            named = Named(id_, "person", record.name, record.given_name, record.family_name, "PL", "")
            keys += identity_keys.list_keys(named, values)
            if record.account:
                keys += identity_keys.list_account_keys(id_, {record.account: False})
        connection = db.session.connection()
        connection.execute(insert(tables["donor"]), rows)
        connection.execute(insert(tables["contact_point"]), contacts)
        identity_keys.insert_keys(keys)
        db.session.commit()
    candidates.count_surnames()
    db.session.commit()


def _make_row(id_: int, record: Record) -> dict[str, Any]:
    return {
        "id": id_,
        "code": codes.format_code("DH", donors.FIRST_NUMBER + id_),
        "kind": "person",
        "name": record.name,
        "given_name": record.given_name,
        "family_name": record.family_name,
        "salutation": "",
        "email": record.email,
        "phone": record.phone,
        "street": record.street,
        "postcode": record.postcode,
        "city": record.town,
        "country": "PL",
        "tax_number": "",
        "lang": "pl",
        "lang_is_told": False,
        "search": "",
        "source": "bench",
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }


def _list_values(record: Record) -> list[ContactValue]:
    values = [
        ContactValue("email", record.email) if record.email else None,
        ContactValue("phone", record.phone) if record.phone else None,
        ContactValue("account", record.account) if record.account else None,
        make_postal_value(record.street, record.postcode, record.town, "PL"),
    ]
    return [value for value in values if value is not None]


def measure_checks(records: Sequence[Record]) -> None:
    """Ask of a thousand people whether they are there: half are, by another hand."""
    pick, others = random.Random(8), Families(random.Random(9))
    whole_records = [one for one in records if one.given_name]
    known_people = [others._copy(pick.choice(whole_records)) for _ in range(CHECKS // 2)]
    new_people = others.draw_records(CHECKS // 2)[: CHECKS // 2]
    set_reading(True)
    times, hits = [], 0
    for record in [*known_people, *new_people]:
        fields: DonorFields = {
            "name": record.name,
            "given_name": record.given_name,
            "family_name": record.family_name,
            "email": record.email,
            "phone": record.phone,
            "street": record.street,
            "postcode": record.postcode,
            "city": record.town,
            "country": "PL",
        }
        start = time.process_time()
        hits += bool(duplicates.list_alike(fields))
        times.append((time.process_time() - start) * 1000)
        db.session.expire_all()
    db.session.rollback()
    set_reading(False)
    quantiles = statistics.quantiles(times, n=100)
    print(
        f"a new donor's check: p50 {quantiles[49]:.2f} ms, p95 {quantiles[94]:.2f} ms CPU; {hits} of {CHECKS}"
    )


def measure_whole_look() -> None:
    thresholds, pairs = candidates.read_thresholds(), 0
    start, donors_seen = time.process_time(), 0
    for ids in candidates.stream_donor_ids():
        donors_seen += len(ids)
        pairs += sum(judge_pair(one, thresholds) != "none" for one in candidates.find_pairs(ids))
        db.session.rollback()
    seconds = time.process_time() - start
    print(
        f"the whole base: {seconds:.1f} s CPU, which is {seconds / donors_seen * 1e6:.0f} s for a million;"
        f" {pairs} pairs"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
