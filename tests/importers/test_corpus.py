"""Every sample and every probe of the shared bank corpora through ``importers.read``; none is kept here.

Run with ``-s`` to see the table, format by format.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.importers.corpus_table import COLUMNS, entries, format_table, reading, reason, samples, table
from tests.shared import BANK, needs_shared

PROBES: Final = BANK / "probes"

# Files that do not give as many entries as the index counts: how many they give, the code of the reason, why.
DIFFERENCES: Final[dict[str, tuple[int, str, str]]] = {
    "ofx/ofxparse/fail_nice__date_missing.ofx": (
        0,
        "unreadable_date",
        "two have no date, one is of 31 February",
    ),
    "ofx/ofxparse/fail_nice__decimal_error.ofx": (0, "unreadable_amount", "'$120' in an account in CAD"),
    "ofx/ofxparse/fidelity-savings.ofx": (0, "investments", "a trade of a price in hundredths of a cent"),
    "qif/quiffen/test.qif": (5, "", "the index counts lists of categories and securities too"),
    "qif/quiffen/test_oth_a.qif": (5, "", "the index counts lists of categories and classes too"),
    "qif/quiffen/test_transaction_before_account_definition_1.qif": (2, "", "it counts the account too"),
    "qif/quiffen/test_category_inherit.qif": (0, "no_statement", "a list of categories only"),
    "qif/quiffen/test_clear_autoswitch.qif": (0, "no_statement", "an account without transactions"),
    "qif/quiffen/test_nosymbol.qif": (0, "no_statement", "a security without transactions"),
    "qif/quiffen/test_option_autoswitch.qif": (0, "no_statement", "accounts without transactions"),
    "qif/quiffen/test_unknown_account_type.qif": (0, "no_statement", "an investment account only"),
}
# Files with nothing to read in them, and the reason that is given. The index counts no entries there.
REFUSED: Final[dict[str, str]] = {
    "ofx/ofxparse/account_listing_aggregation.ofx": "no_statement",
    "ofx/ofxparse/bank_small.ofx": "no_statement",
    "ofx/ofxparse/error_message.ofx": "bank_error",
    "ofx/ofxparse/signon_fail.ofx": "bank_error",
    "ofx/ofxparse/signon_success.ofx": "no_statement",
    "ofx/ofxparse/signon_success_no_message.ofx": "no_statement",
    "mt940/wolph-mt940/betterplace__currency_in_25.sta": "statement_cut",
    "mt940/wolph-mt940/betterplace__empty_86.sta": "statement_cut",
    "mt940/wolph-mt940/betterplace__empty_line.sta": "statement_cut",
    "mt940/wolph-mt940/cmxl__account_identification_iban.sta": "statement_cut",
    "mt940/wolph-mt940/cmxl__account_identification_legacy.sta": "statement_cut",
    "mt940/wolph-mt940/cmxl__reference.sta": "statement_cut",
    "mt940/wolph-mt940/cmxl__statement_number.sta": "statement_cut",
    "camt/genkgo/camt053.v2.wrong.xml": "no_statement",
    "qif/quiffen/empty.qif": "empty",
    "qif/quiffen/invalid.txt": "one_column",
}
# The table of the folder as it was when this was written; another number of files is another folder.
KNOWN: Final[dict[str, tuple[int, ...]]] = {  # in the order of COLUMNS
    "bai2": (2, 21, 5, 2, 0, 0),
    "camt": (38, 94, 30, 13, 2, 3),
    "csv": (5, 10, 4, 1, 0, 0),
    "mt940": (50, 232, 60, 14, 21, 7),
    "ofx": (56, 69, 0, 51, 0, 8),
    "qif": (14, 21, 0, 7, 0, 7),
}

pytestmark = needs_shared(BANK)


def read_expectations(kind: str) -> dict[str, Any]:
    path = PROBES / kind / "expected.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def probes(kind: str, suffix: str) -> list[str]:
    return [name for name in sorted(read_expectations(kind)) if (PROBES / kind / f"{name}{suffix}").is_file()]


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample["path"])
def test_samples_give_all_entries_or_reason(sample: dict[str, str]) -> None:
    """A sample gives as many entries as it has, or a reason why not."""
    path = sample["path"]
    found = reading(path)
    assert found.statements or found.problems[0].message.endswith(".")
    if path in DIFFERENCES:
        number, code, _ = DIFFERENCES[path]
        assert (entries(found), reason(found)) == (number, code)
    elif path in REFUSED:
        assert not found.statements and reason(found) == REFUSED[path]
    elif sample["n_tx"] and entries(found) != int(sample["n_tx"]):
        assert reason(found), f"{entries(found)} of {sample['n_tx']} entries and no reason"
        assert entries(found) < int(sample["n_tx"])


def test_listed_differences_are_real() -> None:
    """What is listed as a difference from the sample's own count really differs."""
    counted = {sample["path"]: sample["n_tx"] for sample in samples()}
    for path in {*DIFFERENCES, *REFUSED} & set(counted):
        assert entries(reading(path)) != int(counted[path] or -1) or not reading(path).statements, path


def test_table_of_formats_is_as_known() -> None:
    """The table of what is read of all formats is the known one, so that no reader becomes worse unseen."""
    print(f"\n{format_table()}")
    found = {name: tuple(row[column] for column in COLUMNS) for name, row in table().items()}
    assert found
    for name, row in found.items():
        if name in KNOWN and row[0] == KNOWN[name][0]:
            assert row == KNOWN[name], name


@pytest.mark.parametrize("name", probes("ofx", ".ofx"))
def test_an_ofx_probe_comes_out_exactly(name: str) -> None:
    found = reading(f"probes/ofx/{name}.ofx")
    rows = [
        [
            entry.booked_on.isoformat(),
            entry.amount.as_text(),
            entry.bank_ref,
            entry.details[0].counterparty.name or "",
            entry.details[0].remittance,
        ]
        for statement in found.statements
        for entry in statement.entries
    ]
    wanted = read_expectations("ofx")[name]
    if wanted is None:
        assert rows == [] and reason(found)
    else:
        assert rows == wanted and not reason(found)


@pytest.mark.parametrize("name", probes("mt940", ".sta"))
def test_an_mt940_probe_comes_out_exactly(name: str) -> None:
    wanted = read_expectations("mt940")[name]
    found = reading(f"probes/mt940/{name}.sta")
    (statement,) = found.statements
    (entry,) = statement.entries
    detail = entry.details[0]
    said = {
        "amount": entry.amount.as_text(),
        "name": detail.counterparty.name,
        "acct": detail.counterparty.account,
        "purpose": detail.remittance,
        "e2e": detail.end_to_end_id,
        "mandate": detail.mandate_id,
        "rtr": detail.return_code,
        "bal": statement.integrity == "proved",
    }
    data = (PROBES / "mt940" / f"{name}.sta").read_bytes()  # several code pages may say the same
    assert data.decode(found.facts["encoding"]) == data.decode(wanted.pop("encoding"))
    assert {key: said[key] for key in wanted} == wanted


@pytest.mark.parametrize("name", probes("camt", ".xml"))
def test_a_camt_probe_comes_out_exactly(name: str) -> None:
    wanted = read_expectations("camt")[name]
    found = reading(f"probes/camt/{name}.xml")
    if wanted is None:
        assert not found.statements and reason(found)
        return
    assert not reason(found)
    if isinstance(wanted, str):  # "2 lines"
        assert entries(found) == int(wanted.split()[0])
        return
    rows = [
        [
            format(Decimal(detail.amount.minor) / 100, ".2f"),
            detail.end_to_end_id,
            detail.counterparty.name,
            detail.counterparty.account,
        ]
        for statement in found.statements
        for entry in statement.entries
        for detail in entry.details
    ]
    if not rows and wanted:  # an entry without payments
        rows = [[entry.amount.as_text()] for statement in found.statements for entry in statement.entries]
    assert [row[: len(fields)] for row, fields in zip(rows, wanted, strict=True)] == wanted


@pytest.mark.parametrize(
    "name",
    [Path(s["path"]).name for s in samples() if s["format"] == "csv"],
)
def test_a_csv_probe_comes_out_exactly(name: str) -> None:
    folder = BANK / "csv" / "synthetic-pl-al"
    wanted = json.loads((folder / "expected.json").read_text("utf-8")).get(name)
    if wanted is None:
        pytest.skip("nothing is expected of it")
    found = reading(f"csv/synthetic-pl-al/{name}")
    rows = [
        (entry.booked_on.isoformat(), entry.amount.as_text())
        for statement in found.statements
        for entry in statement.entries
    ]
    assert rows == [(day, amount) for day, amount, *_ in wanted["rows"]] and not reason(found)
    for end in {"opening", "closing"} & set(wanted):
        assert getattr(found.statements[0], end).amount.as_text() == wanted[end]
