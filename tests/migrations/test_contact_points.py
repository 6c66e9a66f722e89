"""A base made before contact points: every e-mail, phone, address and account is there, word for word."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, text

from donorhub import vault
from donorhub.domain.donors.contact_values import ContactValue, make_postal_value
from donorhub.migrations import run
from tests.migrations.databases import list_changes, read_rows, upgrade_to

BEFORE: Final = "20261130_1745"
SINCE, CHANGED = datetime(2025, 1, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")


@pytest.fixture
def old_base(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Four donors: one whole and never changed, one who was, one with odd values, and one with nothing."""
    monkeypatch.setattr(vault, "_key", None)
    vault.use_key("old")
    upgrade_to(engine, BEFORE)
    with engine.begin() as connection:
        add_donor(
            connection,
            1,
            "import:crm",
            email="Anna+A@Example.org",
            phone="501 222 333",
            street="Długa 4",
            postcode="00-241",
            city="Warszawa",
            country="PL",
        )
        add_donor(connection, 2, "form", version=5, email="jan@example.org", city="Łódź")
        add_donor(connection, 3, "stripe:acct_1", email="brak maila", phone="brak", country="AL")
        add_donor(connection, 4, "bank")
        for kind, value, donor_id, is_learned in (
            ("email", "anna@example.org", 1, False),
            ("email", "anna.second@example.org", 1, False),
            ("phone", "501222333", 1, False),
            ("name", "anna kowalska", 1, False),
            ("iban", "PL61109010140000071219812874", 1, False),
            ("iban", "PL27114020040000300201355387", 2, True),
            ("iban", "PL27114020040000300201355387", 4, True),
        ):
            connection.execute(
                text("INSERT INTO identity_key (kind, value, donor_id, is_learned) VALUES (:k, :v, :d, :l)"),
                {"k": kind, "v": value, "d": donor_id, "l": is_learned},
            )
    return engine


def add_donor(connection: Connection, id_: int, source: str, *, version: int = 1, **columns: str) -> None:
    texts = ("email", "phone", "street", "postcode", "city", "country")
    values: dict[str, Any] = {name: columns.get(name, "") for name in texts}
    connection.execute(
        text(
            "INSERT INTO donor (id, code, kind, name, given_name, family_name, salutation, email, phone,"
            " street, postcode, city, country, tax_number, lang, lang_is_told, search, do_not_contact,"
            " is_deceased, source, created_at, updated_at, version)"
            " VALUES (:id, :code, 'person', 'A', '', '', '', :email,"
            " :phone, :street, :postcode, :city, :country, '', 'pl', :yes, 'a', :no, :no, :source,"
            " :created, :updated, :version)"
        ),
        {
            **values,
            "id": id_,
            "code": f"DH-{id_}",
            "source": source,
            "version": version,
            "yes": True,
            "no": False,
            "created": SINCE if connection.dialect.name != "sqlite" else "2025-01-02 00:00:00.000000",
            "updated": CHANGED if connection.dialect.name != "sqlite" else "2026-03-04 00:00:00.000000",
        },
    )


def read_contacts(engine: Engine) -> list[tuple[Any, ...]]:
    columns = ("donor_id", "kind", "value", "is_preferred", "source", "collected_at")
    return [tuple(row[name] for name in columns) for row in read_rows(engine)["contact_point"].values()]


def test_every_contact_is_moved(old_base: Engine) -> None:
    """All is there once, word for word, and only what stood in the columns is preferred."""
    before = read_rows(old_base)
    upgrade_to(old_base, "20261130_1750")
    changes = list_changes(before, read_rows(old_base))
    assert {name for name in changes if name[0] in ("donor", "identity_key")} == set()
    run.upgrade(old_base)
    naive = old_base.dialect.name == "sqlite"
    since, changed = (SINCE.replace(tzinfo=None), CHANGED.replace(tzinfo=None)) if naive else (SINCE, CHANGED)
    assert read_contacts(old_base) == [
        (1, "email", "Anna+A@Example.org", True, "import:crm", since),
        (1, "phone", "501 222 333", True, "import:crm", since),
        (1, "post", "Długa 4, 00-241 Warszawa, PL", True, "import:crm", since),
        (1, "email", "anna.second@example.org", False, "import:crm", since),
        (1, "account", "PL61109010140000071219812874", False, "import:crm", since),
        (2, "email", "jan@example.org", True, "moved", changed),
        (2, "post", "Łódź", True, "moved", changed),
        (2, "account", "PL27114020040000300201355387", False, "bank", changed),
        (3, "email", "brak maila", True, "stripe:acct_1", since),
        (3, "phone", "brak", True, "stripe:acct_1", since),
        (4, "account", "PL27114020040000300201355387", False, "bank", since),
    ]


def test_moved_hash_is_the_programs(old_base: Engine) -> None:
    """The program knows again what was moved: an upgrade hashes as it does."""
    run.upgrade(old_base)
    for row in read_rows(old_base)["contact_point"].values():
        value = ContactValue(row["kind"], row["value"])
        if row["kind"] == "post":
            parts = [row[name] for name in ("street", "postcode", "town", "country")]
            postal_value = make_postal_value(*parts)
            assert postal_value is not None and postal_value.value == row["value"]
            value = postal_value
        assert row["value_hash"] == vault.compute_keyed_hash(value.make_comparable())


def test_moving_many_donors_leaves_none_out(old_base: Engine) -> None:
    """Donors are moved some at a time, and the last of them too."""
    with old_base.begin() as connection:
        for number in range(10, 4015):
            add_donor(connection, number, "form", email=f"d{number}@example.org")
    run.upgrade(old_base)
    emails = {row[2] for row in read_contacts(old_base) if row[1] == "email"}
    assert {f"d{number}@example.org" for number in range(10, 4015)} <= emails
