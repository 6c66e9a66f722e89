"""A base made before consents: every no is there, and nobody can be written to who could not be before.

What was allowed before is told here anew, from the columns of then, and not by any code of today.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, text

from donorhub.domain.messages.consents import Saying
from donorhub.domain.messages.gate import ContactFacts, DonorFacts, Ok, may_send
from donorhub.migrations import run
from donorhub.models.states import CHANNELS, MESSAGE_CATEGORIES
from tests.migrations.databases import read_rows, upgrade_to

BEFORE: Final = "20261130_2100"
SINCE, CHANGED = datetime(2025, 1, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)
SAID = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
SUPPRESSIONS: Final = ((1, "told", None), (2, "bounced", None), (3, "complained", None), (4, "told", SAID))
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")


def write_moment(connection: Connection, at: datetime) -> object:
    return at if connection.dialect.name != "sqlite" else f"{at:%Y-%m-%d %H:%M:%S.%f}"


def add_donor(connection: Connection, id_: int, **marks: bool) -> None:
    connection.execute(
        text(
            "INSERT INTO donor (id, code, kind, name, given_name, family_name, salutation, email, phone,"
            " street, postcode, city, country, tax_number, lang, lang_is_told, search, do_not_contact,"
            " is_deceased, source, created_at, updated_at, version)"
            " VALUES (:id, :code, 'person', 'A', '', '', '', :email, '', '', '', '', 'PL', '', 'pl', :yes,"
            " 'a', :silent, :dead, 'form', :created, :updated, 2)"
        ),
        {
            "id": id_,
            "code": f"DH-{id_}",
            "email": f"d{id_}@example.org",
            "yes": True,
            "silent": marks.get("silent", False),
            "dead": marks.get("dead", False),
            "created": write_moment(connection, SINCE),
            "updated": write_moment(connection, CHANGED),
        },
    )


def note_change(connection: Connection, donor_id: int, record_id: int, before: str, after: str) -> None:
    """Write what the audit of then keeps of a change of "wants no contact"."""
    connection.execute(
        text(
            "INSERT INTO audit_record (id, at, actor, what, subject_type, subject_id, data, digest)"
            " VALUES (:id, :at, 'user:7', 'donor.changed', 'donor', :donor, '{}', 'x')"
        ),
        {"id": record_id, "at": write_moment(connection, SAID), "donor": donor_id},
    )
    connection.execute(
        text(
            "INSERT INTO audit_value (record_id, donor_id, field, before, after)"
            " VALUES (:id, :donor, 'do_not_contact', :before, :after)"
        ),
        {"id": record_id, "donor": donor_id, "before": before, "after": after},
    )


@pytest.fixture
def old_base(engine: Engine) -> Engine:
    """Donors who may be written to, who want no contact, who died; and addresses suppressed and released."""
    upgrade_to(engine, BEFORE)
    with engine.begin() as connection:
        add_donor(connection, 1)
        add_donor(connection, 2, silent=True)
        add_donor(connection, 3, dead=True)
        add_donor(connection, 4, silent=True)
        add_donor(connection, 5)
        note_change(connection, 4, 1, "false", "true")
        note_change(connection, 5, 2, "true", "false")
        for id_, source, lifted_at in (
            (1, "told", None),
            (2, "bounced", None),
            (3, "complained", None),
            (4, "told", SAID),
        ):
            connection.execute(
                text(
                    "INSERT INTO suppression (id, channel, address_hash, reason, source, created_at,"
                    " lifted_at) VALUES (:id, 'email', :hash, 'r', :source, :at, :lifted)"
                ),
                {
                    "id": id_,
                    "hash": f"hash{id_}",
                    "source": source,
                    "at": write_moment(connection, SINCE),
                    "lifted": None if lifted_at is None else write_moment(connection, lifted_at),
                },
            )
    return engine


def could_be_sent(donor: dict[str, Any], category: str, channel: str, *, is_suppressed: bool) -> bool:
    """Return whether the program of before sent such a message: mails of two categories, and no others."""
    if channel != "email" or category not in ("transactional", "thanks"):
        return False
    if is_suppressed or donor["is_deceased"]:
        return False
    return category == "transactional" or not donor["do_not_contact"]


def test_nothing_becomes_sendable(old_base: Engine) -> None:
    """For each donor, address, category and channel the upgrade allows nothing that was not allowed, but what
    rests on a law that asks for no consent, to who never said no; and it forbids nothing."""
    before = read_rows(old_base)
    run.upgrade(old_base)
    after = read_rows(old_base)
    at = datetime(2027, 1, 1, 12, tzinfo=UTC)
    addresses: list[tuple[bool, dict[str, Any] | None]] = [(False, None)]
    addresses += [
        (before["suppression"][key]["lifted_at"] is None, row) for key, row in after["suppression"].items()
    ]
    assert [is_suppressed for is_suppressed, _ in addresses] == [False, True, True, True, False]
    for (key, donor), (is_suppressed, row) in product(before["donor"].items(), addresses):
        facts = read_facts(after, key[0])
        in_force = row is not None and row["lifted_at"] is None
        contact = ContactFacts(scope=row["scope"] if row is not None and in_force else None)
        for category, channel in product(MESSAGE_CATEGORIES, CHANNELS):
            may_now = may_send(facts, contact, category, None, channel, at=at) == Ok()
            might_before = could_be_sent(donor, category, channel, is_suppressed=is_suppressed)
            said_no = is_suppressed or donor["is_deceased"] or donor["do_not_contact"]
            if channel == "email":
                # Reminders of a promise of one's own are mails that no program of before wrote.
                assert may_now == (might_before or (category == "dunning" and not said_no))
            elif said_no and category != "transactional":
                assert not may_now


def read_facts(rows: Any, donor_id: int) -> DonorFacts:
    """Return what the gate is told of a donor of the upgraded base."""
    donor = rows["donor"][donor_id,]
    sayings = [
        Saying(row["id"], row["purpose"], row["channel"], row["state"], row["at"].replace(tzinfo=UTC))
        for row in rows["consent"].values()
        if row["donor_id"] == donor_id
    ]
    return DonorFacts(tuple(sayings), donor["country"], is_deceased=donor["is_deceased"])


def test_no_is_dated_with_what_is_known(old_base: Engine) -> None:
    """The audit's moment and person where it has them, else the last change of the donor; one row each."""
    run.upgrade(old_base)
    rows = [
        (
            row["donor_id"],
            row["purpose"],
            row["channel"],
            row["state"],
            row["source"],
            row["at"].replace(tzinfo=UTC),
            row["actor"],
        )
        for row in read_rows(old_base)["consent"].values()
    ]
    assert rows == [
        (2, "all", "any", "opt_out", "upgrade", CHANGED, "system:0"),
        (4, "all", "any", "opt_out", "upgrade", SAID, "user:7"),
    ]


def test_suppressions_stop_everything_still(old_base: Engine) -> None:
    """Every suppression is there as it was, and stops all that it stopped."""
    before = read_rows(old_base)["suppression"]
    run.upgrade(old_base)
    after = read_rows(old_base)["suppression"]
    assert after == {key: {**row, "scope": "everything"} for key, row in before.items()}


def test_many_noes_are_all_moved(old_base: Engine) -> None:
    """Opt-outs are written some at a time, and the last of them too."""
    with old_base.begin() as connection:
        for number in range(10, 1015):
            add_donor(connection, number, silent=True)
    run.upgrade(old_base)
    ids = [row["donor_id"] for row in read_rows(old_base)["consent"].values()]
    assert ids == [2, 4, *range(10, 1015)]
