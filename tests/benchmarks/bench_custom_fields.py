"""How fast donors are found by a value of a field that was added: 200 fields and 100,000 donors.

    .venv/bin/python -m tests.benchmarks.bench_custom_fields [donors | --quick]

In the database of DATABASE_URL, else in SQLite in a temporary folder. Each donor has something in every
field. Nothing is asserted; the goal is 50 ms a filter.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert

from donorhub import config
from donorhub.app import create_app
from donorhub.db import Base, cut_chunks, db, set_reading
from donorhub.domain.donors.custom_shapes import Shape
from donorhub.migrations import run
from donorhub.models.states import CUSTOM_KINDS
from donorhub.services.access import organisation
from donorhub.services.donors import custom_fields, custom_values, search
from tests.benchmarks.sizes import read_size

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
FIELDS = 200
ROUNDS = 20
CHUNK = 20_000
EMPTY = dict.fromkeys(("text", "folded", "number", "on_date", "is_true", "option_id"))


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {"DONORHUB_MODE": "test", "DONORHUB_HOME": home}
        if os.environ.get("DATABASE_URL"):
            environment["DATABASE_URL"] = os.environ["DATABASE_URL"]
        app = create_app(config.load_settings(environment))
        with app.app_context():
            run.upgrade(db.engine)
            organisation.create_organisation("Bench", now=NOW)
            began = time.process_time()
            shapes = fill(count)
            print(
                f"{count} donors with {FIELDS} fields in {time.process_time() - began:.0f} s,"
                f" {db.engine.dialect.name}"
            )
            db.session.remove()
            set_reading(True)
            measure(shapes)
            db.session.remove()


def fill(count: int) -> list[Shape]:
    """Add the fields and donors, and write something into each; return the fields."""
    for number in range(FIELDS):
        kind = CUSTOM_KINDS[number % len(CUSTOM_KINDS)]
        field = custom_fields.create_field(kind, {"en": f"Field {number}"}, now=NOW, actor="bench")
        for option in ("One", "Two", "Three") if kind in ("choice", "choices") else ():
            custom_fields.add_option(field, {"en": option}, now=NOW, actor="bench")
    db.session.flush()
    shapes = custom_fields.list_shapes()
    donors = Base.metadata.tables["donor"]
    for ids in cut_chunks(range(1, count + 1), CHUNK):
        db.session.execute(insert(donors), [make_donor(id_) for id_ in ids])
    values = Base.metadata.tables["custom_value"]
    for rows in cut_chunks(list_values(shapes, count), CHUNK):
        db.session.execute(insert(values), rows)
    db.session.commit()
    if db.engine.dialect.name == "postgresql":
        with db.engine.begin() as connection:  # without figures on its tables it plans blindly
            connection.exec_driver_sql("ANALYZE")
    return shapes


def make_donor(id_: int) -> dict[str, object]:
    return {
        "id": id_,
        "code": f"DH-{1000 + id_}",
        "name": f"Anna Nowak {id_}",
        "search": f"anna nowak {id_}",
        "source": "bench",
        "created_at": NOW,
        "updated_at": NOW,
    }


def list_values(shapes: list[Shape], count: int) -> Iterator[dict[str, object]]:
    for entity_id in range(1, count + 1):
        for shape in shapes:
            yield {
                **EMPTY,
                "field_id": shape.id,
                "entity_id": entity_id,
                "seq": 1,
                **make_value(shape, entity_id),
            }


def make_value(shape: Shape, number: int) -> dict[str, object]:
    if shape.kind in ("text", "long_text"):
        text = f"Value {number % 1000}"
        return {"text": text, "folded": text.lower() if shape.kind == "text" else None}
    if shape.kind == "number":
        return {"number": number % 5000}
    if shape.kind == "day":
        return {"on_date": date(2000, 1, 1) + timedelta(days=number % 9000)}
    if shape.kind == "yes_no":
        return {"is_true": number % 2 == 0}
    return {"option_id": shape.options[number % 3].id}


def measure(shapes: list[Shape]) -> None:
    of_kind = {shape.kind: shape for shape in shapes}
    for kind, wanted in (
        ("text", "Value 7"),
        ("text", "nobody has this"),
        ("number", "17"),
        ("number", "10..4000"),
        ("day", "2001-01-01..2001-12-31"),
        ("yes_no", "true"),
        ("choice", "two"),
        ("choices", "three"),
    ):
        shape = of_kind[kind]  # type: ignore[index]
        one = custom_values.read_filter(f"{shape.key}:{wanted}", shapes)
        show(f"{kind} {wanted!r}", lambda one=one: search.find_donors("", custom=one))  # type: ignore[misc]
        show(
            f"{kind} {wanted!r} and a name",
            lambda one=one: search.find_donors("nowak", custom=one),  # type: ignore[misc]
        )
    show("a text in all fields", lambda: search.find_donors("value 7", shapes=shapes))
    page = search.find_donors("")
    ids = [row.id for row in page.rows]
    show("all values of 50 donors", lambda: custom_values.read_values(ids, shapes))


def show(what: str, act: Callable[[], object]) -> None:
    """Print the median and the slowest of some rounds, by the clock of the wall and of the processor."""
    spent, used = [], []
    for _round in range(ROUNDS):
        began, began_cpu = time.perf_counter(), time.process_time()
        act()
        spent.append(time.perf_counter() - began)
        used.append(time.process_time() - began_cpu)
        db.session.rollback()
    print(
        f"{what:<45} {1000 * statistics.median(spent):8.2f} ms   slowest {1000 * max(spent):8.2f} ms"
        f"   cpu {1000 * statistics.median(used):8.2f} ms"
    )


if __name__ == "__main__":
    main(read_size(sys.argv[1:], quick=500, full=100_000))
