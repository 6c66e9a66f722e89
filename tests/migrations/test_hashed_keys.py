"""A base whose identity keys were readable: they are found by their hashes, and who shares one is counted."""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from donorhub import vault
from donorhub.migrations import run
from tests.migrations.databases import read_rows, upgrade_to
from tests.migrations.test_contact_points import add_donor

BEFORE: Final = "20261130_1840"
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")


@pytest.fixture
def old_base(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Four donors who share a mailbox, two of them one person, and one with a number written twice."""
    monkeypatch.setattr(vault, "_key", None)
    vault.use_key("old")
    upgrade_to(engine, "20261130_1745")  # the columns that add_donor knows
    with engine.begin() as connection:
        names = ("Anna Kowalska", "Ania Kowalska", "Jan Kowalski", "Ewa Nowak")
        for id_, name in enumerate(names, start=1):
            add_donor(connection, id_, "form", street="Długa 4", postcode="00-241", country="PL")
            given, family = name.split()
            connection.execute(
                text(
                    "UPDATE donor SET name = :name, given_name = :given, family_name = :family WHERE id = :id"
                ),
                {"id": id_, "name": name, "given": given, "family": family},
            )
            rows = [("email", "dom@example.org"), ("name", name.lower()), ("phone", "501222333")]
            if id_ == 1:
                rows += [("phone", "+48501222333"), ("email", "biuro@example.org")]
            for kind, value in rows if id_ < 3 else rows[:2]:
                connection.execute(
                    text(
                        "INSERT INTO identity_key (kind, value, donor_id, is_learned)"
                        " VALUES (:kind, :value, :id, false)"
                    ),
                    {"kind": kind, "value": value, "id": id_},
                )
    upgrade_to(engine, BEFORE)
    return engine


def list_keys(rows: dict[Any, dict[str, Any]], donor_id: int) -> set[tuple[str, str]]:
    return {(row["kind"], row["value_hash"]) for row in rows.values() if row["donor_id"] == donor_id}


def test_keys_are_hashed_in_place(old_base: Engine) -> None:
    """Every key is there under its hash, a number that was written twice once, and the new kinds beside."""
    run.upgrade(old_base)
    rows = read_rows(old_base)
    assert list_keys(rows["identity_key"], 1) == {
        (kind, vault.compute_keyed_hash(value))
        for kind, value in (
            ("email", "dom@example.org"),
            ("email", "biuro@example.org"),
            ("name", "anna kowalska"),
            ("phone", "+48501222333"),
            ("address", "00241|dluga 4"),
            ("surname_initial", "kowalsk|a"),
            ("surname_given", "kowa|anna"),
        )
    }
    assert ("surname_given", vault.compute_keyed_hash("kowa|anna")) in list_keys(rows["identity_key"], 2)


def test_shared_values_are_counted(old_base: Engine) -> None:
    """Three people have the mailbox, and one in two records the number; an office's counts nothing."""
    run.upgrade(old_base)
    values = {
        (row["kind"], row["value_hash"]): (row["holders"], row["state"])
        for row in read_rows(old_base)["identity_value"].values()
    }
    assert values == {
        ("email", vault.compute_keyed_hash("dom@example.org")): (3, "generic"),
        ("phone", vault.compute_keyed_hash("+48501222333")): (1, "normal"),
        ("email", vault.compute_keyed_hash("biuro@example.org")): (1, "generic"),
    }
