"""Of two live decisions for one payment the later is taken back as Undo does it, and nothing else changes."""

from __future__ import annotations

from datetime import UTC
from typing import Final

import pytest
from sqlalchemy import Engine, text

from tests.migrations.databases import list_changes, list_new_rows, read_rows, upgrade_to
from tests.migrations.last_release import NOW

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
ONE_LIVE_DECISION: Final = "20261130_0400"


def test_the_later_decision_alone_is_taken_back(release_engine: Engine) -> None:
    before = read_rows(release_engine)
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    after = read_rows(release_engine)
    at = after["match"][2,]["undone_at"]
    assert at.replace(tzinfo=UTC) == NOW
    undone = {"undone_at": at, "undone_by": "system:0"}
    cancelled = {"state": "cancelled", "done_at": at, "done_by": "system:0"}
    task_ids = {row["key"]: row["id"] for row in before["task"].values()}
    assert list_changes(before, after) == {
        # Of two decisions for one payment the later; of a split both parts; of a copy the copy.
        **{("match", id_): undone for id_ in (2, 4, 7, 10, 13, 14, 16, 21)},
        # What stands is "not a gift" where the earlier decision said so.
        **{("entry", id_): {"state": "not_gift"} for id_ in (1, 4, 6, 8)},
        ("payout", 1): {"entry_id": None},
        ("dispute", 1): {"state": "won", "reason": "undone"},
        # The first gift's instalment is owed again, that of the gift that was not returned is paid again.
        ("allocation", 1): None,
        ("instalment", 1): {"state": "expected", "state_reason": "undo"},
        ("instalment", 5): {"state": "paid", "state_reason": ""},
        **{
            ("task", task_ids[f"thank_you:gift:{gift_id}"]): {**cancelled, "outcome": "corrected"}
            for gift_id in (1, 3, 8, 9)
        },
        ("task", task_ids["returned_gift:6/0"]): {**cancelled, "outcome": "undone"},
        # What was learned of the payers: a miss for each, and whose account it is is not known any more.
        **{("payer_key", id_): {"misses": 1} for id_ in (1, 4, 5, 7, 9, 10, 11)},
        ("payer_key", 8): {"misses": 2},
        ("identity_key", 4): None,
        ("identity_key", 6): None,
    }
    grown = {table for table in after if list_new_rows(before, after, table)}
    assert grown == {"correction", "domain_event", "audit_record", "task"}


def test_what_the_upgrade_adds_is_what_undo_adds(release_engine: Engine) -> None:
    before = read_rows(release_engine)
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    after = read_rows(release_engine)
    columns = ("gift_id", "amount_minor", "currency", "actor", "source", "source_ref")
    assert list_new_rows(before, after, "correction", *columns) == [
        (1, 5000, "PLN", "system:0", "bank", "match:2"),
        (3, 3000, "PLN", "system:0", "bank", "match:4"),
        (8, 300, "PLN", "system:0", "bank", "match:13"),
        (9, 200, "PLN", "system:0", "bank", "match:14"),
    ]
    columns = ("kind", "donor_id", "subject_type", "subject_id")
    assert list_new_rows(before, after, "domain_event", *columns) == [
        ("gift.corrected", donor_id, "gift", gift_id)
        for donor_id, gift_id in ((1, 1), (2, 3), (2, 8), (3, 9))
    ]
    columns = ("what", "subject_type", "subject_id", "data", "actor")
    assert sorted(list_new_rows(before, after, "audit_record", *columns), key=str) == sorted(
        [
            *(
                ("gift.corrected", "gift", id_, {"minor": minor}, "system:0")
                for id_, minor in ((1, 5000), (3, 3000), (8, 300), (9, 200))
            ),
            ("gift.nothing_left", "gift", 10, {"match": 16}, "system:0"),
            ("return.undone", "gift", 5, {}, "system:0"),
            *(
                ("entry.undone", "entry", id_, {"matches": count}, "system:0")
                for id_, count in ((1, 1), (2, 1), (3, 1), (4, 1), (6, 1), (7, 2), (8, 1))
            ),
        ],
        key=str,
    )
    columns = ("key", "state", "performer", "role", "donor_id", "subject_type", "subject_id")
    assert sorted(list_new_rows(before, after, "task", *columns)) == [
        ("decided_twice:10", "dead", "person", "accountant", None, "entry", 6),
        ("decided_twice:13", "dead", "person", "accountant", 2, "entry", 7),
        ("decided_twice:14", "dead", "person", "accountant", 3, "entry", 7),
        ("decided_twice:16", "dead", "person", "accountant", 4, "entry", 8),
        ("decided_twice:2", "dead", "person", "accountant", 1, "entry", 1),
        ("decided_twice:21", "dead", "person", "accountant", 3, "entry", 3),
        ("decided_twice:4", "dead", "person", "accountant", 2, "entry", 2),
        ("decided_twice:7", "dead", "person", "accountant", None, "entry", 4),
        ("receipt_void:3:1", "planned", "person", "accountant", 2, "gift", 3),
    ]


def edit(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def copy_match(id_: int, new_id: int, **values: str) -> str:
    """A statement that makes a further decision of one, with some values of its own."""
    columns = (
        "entry_id detail_id part kind gift_id payout_id donor_id amount_minor evidence engine_version actor"
        " decided_at undone_at undone_by"
    ).split()
    wanted = ", ".join(values.get(column, column) for column in columns)
    return (
        f"INSERT INTO match (id, {', '.join(columns)}) SELECT {new_id}, {wanted} FROM match WHERE id = {id_}"
    )


def settle_all_but(*live: int) -> str:
    """Leave these of the second decisions and take the others out beforehand, so that the rest is quiet."""
    others = [id_ for id_ in (2, 4, 7, 10, 13, 14, 16, 21) if id_ not in live]
    return f"UPDATE match SET undone_at = '2026-11-21 00:00:00' WHERE id IN ({', '.join(map(str, others))})"


def test_a_base_without_second_decisions_keeps_all_rows(release_engine: Engine) -> None:
    edit(release_engine, settle_all_but())
    before = read_rows(release_engine)
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    after = read_rows(release_engine)
    assert list_changes(before, after) == {}
    assert [table for table in after if list_new_rows(before, after, table)] == []


def test_the_instant_says_which_is_later(release_engine: Engine) -> None:
    edit(
        release_engine,
        settle_all_but(),
        copy_match(9, 31, entry_id="5", decided_at="'2026-11-19 00:00:00'", undone_at="NULL"),
    )
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    after = read_rows(release_engine)
    assert {id_: after["match"][id_,]["undone_by"] for id_ in (8, 31)} == {8: "system:0", 31: None}
    assert after["entry"][5,]["state"] == "not_gift"


def test_a_gift_undone_before_its_return_stays_out(release_engine: Engine) -> None:
    """The gift's own entry and its return were both decided twice: the gift is gone with its instalment."""
    edit(
        release_engine,
        settle_all_but(10),
        copy_match(9, 31, entry_id="5", decided_at="'2026-11-19 00:00:00'", undone_at="NULL"),
    )
    before = read_rows(release_engine)
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    after = read_rows(release_engine)
    assert after["dispute"][1,]["state"] == "won"
    columns = ("gift_id", "amount_minor", "source_ref")
    assert list_new_rows(before, after, "correction", *columns) == [(5, 1500, "match:10")]
    assert {
        row["what"] for key, row in after["audit_record"].items() if key not in before["audit_record"]
    } == {
        "gift.nothing_left",
        "return.undone",
        "gift.corrected",
        "entry.undone",
    }
    assert [row for row in after["allocation"].values() if row["gift_id"] == 5] == []


@pytest.mark.parametrize(
    ("earlier", "later", "rows"),
    [(9, 10, {"dispute": "state", "instalment": "state", "task": "state"}), (6, 7, {"payout": "entry_id"})],
    ids=["return", "payout"],
)
def test_what_both_decisions_say_stays(
    earlier: int, later: int, rows: dict[str, str], release_engine: Engine
) -> None:
    """A copy of a decision is marked as undone, and what it says is left alone."""
    edit(
        release_engine,
        settle_all_but(later),
        f"UPDATE match SET undone_at = '2026-11-21 00:00:00' WHERE id = {earlier}",
        copy_match(later, 31),
    )
    before = read_rows(release_engine)
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    after = read_rows(release_engine)
    assert set(list_changes(before, after)) == {("match", 31)}
    for table, column in rows.items():
        assert {key: row[column] for key, row in after[table].items() if key in before[table]} == {
            key: row[column] for key, row in before[table].items()
        }


def test_an_instalment_others_pay_too_is_partial(release_engine: Engine) -> None:
    edit(
        release_engine,
        settle_all_but(2),
        "UPDATE allocation SET amount_minor = 4400 WHERE gift_id = 1",
        "INSERT INTO allocation (id, gift_id, instalment_id, amount_minor) VALUES (31, 11, 1, 600)",
    )
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    instalment = read_rows(release_engine)["instalment"][1,]
    assert (instalment["state"], instalment["state_reason"]) == ("partial", "")


def test_an_instalment_that_others_pay_wholly_stays_paid(release_engine: Engine) -> None:
    edit(
        release_engine,
        settle_all_but(2),
        "UPDATE instalment SET amount_minor = 600 WHERE id = 1",
        "INSERT INTO allocation (id, gift_id, instalment_id, amount_minor) VALUES (31, 11, 1, 600)",
    )
    before = read_rows(release_engine)
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    assert read_rows(release_engine)["instalment"] == before["instalment"]


@pytest.mark.parametrize("was_asked", [False, True])
def test_a_receipt_over_a_gift_that_counts_again(was_asked: bool, release_engine: Engine) -> None:
    """It was to be voided; now a part of its gift counts, so it is to be replaced by one that says less."""
    task = "INSERT INTO task (id, key, kind, performer, role, subject_type, subject_id, facts, due_at, state,"
    task += (
        " attempts, last_error, created_at, outcome) VALUES ({}, 'receipt_{}:5:1', 'receipt_{}', 'person',"
    )
    task += " 'accountant', 'gift', 5, '{}', '2026-11-22', '{}', 0, '', '2026-11-20', '{}')"
    edit(
        release_engine,
        settle_all_but(10),
        "INSERT INTO receipt_line (id, receipt_id, position, gift_id, amount_minor)"
        " VALUES (31, 1, 1, 5, 1500)",
        "INSERT INTO refund (id, gift_id, amount_minor, currency, state, refunded_on, recorded_at, source,"
        " source_ref) VALUES (31, 5, 500, 'PLN', 'succeeded', '2026-11-20', '2026-11-20', 'x', 'x')",
        task.format(31, "void", "void", "{}", "planned", ""),
        *([task.format(32, "correct", "correct", "{}", "cancelled", "given_back")] if was_asked else []),
    )
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    tasks = {row["key"]: (row["state"], row["outcome"]) for row in read_rows(release_engine)["task"].values()}
    assert tasks["receipt_void:5:1"] == ("cancelled", "given_back")
    assert tasks["receipt_correct:5:1"] == ("planned", "")


def test_a_return_in_a_batch_has_its_place(release_engine: Engine) -> None:
    edit(
        release_engine,
        settle_all_but(10),
        "UPDATE match SET undone_at = '2026-11-21 00:00:00' WHERE id = 12",
        "UPDATE match SET entry_id = 7, detail_id = 2 WHERE id IN (9, 10)",
        "UPDATE dispute SET source_ref = '7/1' WHERE id = 1",
    )
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    assert read_rows(release_engine)["dispute"][1,]["state"] == "won"


def test_an_entry_decided_in_part_keeps_its_state(release_engine: Engine) -> None:
    edit(
        release_engine,
        settle_all_but(13, 14),
        "UPDATE match SET undone_at = '2026-11-21 00:00:00' WHERE id = 12",
        "UPDATE entry SET state = 'suspense', decide_by = '2026-12-24' WHERE id = 7",
    )
    before = read_rows(release_engine)
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    assert read_rows(release_engine)["entry"] == before["entry"]


def test_an_entry_that_was_taken_back_stays_so(release_engine: Engine) -> None:
    edit(release_engine, settle_all_but(2), "UPDATE entry SET state = 'taken_back' WHERE id = 1")
    upgrade_to(release_engine, ONE_LIVE_DECISION)
    assert read_rows(release_engine)["entry"][1,]["state"] == "taken_back"
