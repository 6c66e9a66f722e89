"""Each known layout reads back what its bank would have written, and is recognised by its header."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importers import profiles as known
from importers import tabular
from importers.profiles import find_profile, list_profiles
from importers.statement import Reading
from importers.table.layout import Layout, LayoutError
from tests.importers.bank_writers import OPENING_MINOR, OWN_ACCOUNT, Plain, plain_entries
from tests.importers.table.table_writer import KEPT, PROVED, WRITERS, write_csv

FILES = Path(__file__).resolve().parents[2] / "files" / "csv"
ENTRIES = plain_entries(60, seed=11)


def read_back(reading: Reading, layout: str) -> Iterator[Plain]:
    """The entries as plain ones again, with what the layout cannot carry left empty."""
    for entry in reading.statements[0].entries:
        party = entry.details[0].counterparty
        told = {
            "name": party.name or "",
            "account": party.account or "",
            "remittance": entry.details[0].remittance,
            "ref": entry.bank_ref or "",
        }
        kept = {name: text if name in KEPT[layout] else "" for name, text in told.items()}
        yield Plain(entry.booked_on, entry.amount.minor, entry.amount.currency, **kept)


def expect_entries(layout: str) -> list[Plain]:
    def kept(entry: Plain, name: str) -> str:
        return str(getattr(entry, name)) if name in KEPT[layout] else ""

    return [
        replace(
            entry,
            name=kept(entry, "name"),
            account=kept(entry, "account"),
            remittance=kept(entry, "remittance"),
            ref=kept(entry, "ref"),
        )
        for entry in ENTRIES
    ]


@pytest.mark.parametrize("layout", WRITERS)
def test_bank_table_is_recognised_and_read(layout: str) -> None:
    """The table of each known bank is recognised and read back exactly."""
    reading = tabular.read(write_csv(ENTRIES, layout), currency="PLN")
    assert reading.profile == layout
    assert [problem for problem in reading.problems if problem.level == "error"] == []
    found = list(read_back(reading, layout))
    newest_first = reading.facts["order"] == "newest_first"
    assert (found[::-1] if newest_first else found) == expect_entries(layout)


@pytest.mark.parametrize("layout", sorted(PROVED))
def test_balances_prove_the_tables_that_have_them(layout: str) -> None:
    statement = tabular.read(write_csv(ENTRIES, layout), currency="PLN").statements[0]
    closing = OPENING_MINOR + sum(entry.minor for entry in ENTRIES)
    assert statement.integrity == "proved"
    assert statement.opening is not None and statement.opening.amount.minor == OPENING_MINOR
    assert statement.closing is not None and statement.closing.amount.minor == closing


@pytest.mark.parametrize("layout", sorted(PROVED))
def test_missing_row_is_noticed(layout: str) -> None:
    """A row that was taken out of the middle is noticed by the balances."""
    lines = write_csv(ENTRIES, layout).splitlines(keepends=True)
    del lines[len(lines) // 2]
    reading = tabular.read(b"".join(lines), currency="PLN")
    assert reading.statements[0].integrity == "mismatch"
    assert any(problem.code.endswith("mismatch") for problem in reading.problems)


@pytest.mark.parametrize("layout", WRITERS)
def test_every_row_of_the_file_is_accounted_for(layout: str) -> None:
    data = write_csv(ENTRIES, layout)
    facts = tabular.read(data, currency="PLN").facts
    skipped = sum(int(count) for name, count in facts.items() if name.startswith("skipped."))
    assert int(facts["entries"]) + int(facts["failed"]) + skipped == int(facts["rows"]) == data.count(b"\n")


@pytest.mark.parametrize("own", ["pl.mbank.detail", "pl.ing.moje", "pl.pekao.24", "pl.santander", "pl.alior"])
def test_own_account_in_preamble_or_columns(own: str) -> None:
    """Our own account is found in the lines above the table or in its columns."""
    assert tabular.read(write_csv(ENTRIES, own)).statements[0].account == OWN_ACCOUNT


def test_profiles_can_be_saved_and_named() -> None:
    """Profiles are data that can be saved and loaded, complete, and have one name each."""
    assert len({layout.name for layout in list_profiles()}) == len(list_profiles()) >= 13
    for layout in list_profiles():
        assert Layout.from_dict(layout.to_dict()) == layout
        assert layout.find_gaps() == ()
        assert layout.title
    assert find_profile("pl.pekao.24") in list_profiles()
    assert find_profile("no.such") is None


def test_every_profile_file_holds_known_keys_only() -> None:
    for file in Path(known.__file__).parent.glob("*.toml"):
        with pytest.raises(LayoutError, match="colour"):
            Layout.from_dict({**tomllib.loads(file.read_text("utf-8")), "colour": "blue"})


def test_no_two_profiles_have_the_same_header() -> None:
    signatures = [layout.header_signature for layout in list_profiles() if layout.header]
    assert len(set(signatures)) == len(signatures)


def test_table_without_currency_asks_for_it() -> None:
    """A table without a currency asks for the account's currency and reads nothing before it has it."""
    data = write_csv(ENTRIES, "al.raiffeisen")
    reading = tabular.read(data)
    assert reading.statements == ()
    assert {problem.code for problem in reading.problems} == {"currency_needed", "unknown_currency"}
    assert tabular.read(data, currency="ALL").statements[0].currency == "ALL"


def test_mbanks_single_cell_is_taken_apart() -> None:
    """The one cell in which mBank writes name, kind and title is taken apart."""
    reading = tabular.read((FILES / "mbank-categories.csv").read_bytes())
    gift, shop = reading.statements[0].entries
    assert reading.profile == "pl.mbank.categories"
    assert gift.details[0].counterparty.name == "ANNA ŻAK"
    assert (gift.details[0].remittance, gift.bank_code) == (
        "DAROWIZNA DH-1001-7",
        "PRZELEW ZEWNĘTRZNY PRZYCHODZĄCY",
    )
    assert (shop.details[0].counterparty.name, shop.details[0].remittance) == (
        None,
        "SKLEP PAPIERNICZY /WARSZAWA",
    )
    assert (str(gift.amount), str(shop.amount)) == ("150.00 PLN", "-45.90 PLN")


def test_several_accounts_give_several_statements() -> None:
    """An export of several accounts becomes a statement for each of them."""
    reading = tabular.read((FILES / "ing-kilka-rachunkow.csv").read_bytes())
    assert [(s.account, len(s.entries), s.integrity) for s in reading.statements] == [
        ("PL61109010140000071219812874", 2, "proved"),
        ("PL24105010251000009180015928", 1, "unverifiable"),
    ]
    assert reading.facts["skipped.pending"] == "1"
    assert [entry.position for entry in reading.statements[0].entries] == [0, 1]
