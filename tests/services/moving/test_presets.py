"""Files of other systems come as they are: recognised by their columns, in several languages, and once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.field_words import FIELDS
from donorhub.domain.moving.presets import find_preset, prepare_preset
from donorhub.errors import Rejected
from donorhub.models import (
    Consent,
    Designation,
    Donor,
    ExternalId,
    Fund,
    Gift,
    ImportFile,
    RecordRow,
    Suppression,
)
from donorhub.services.donors import donors, interactions
from donorhub.services.messages import gate
from donorhub.services.moving import (
    record_deliveries,
    record_files,
    record_plans,
    record_presets,
    record_undo,
)
from donorhub.services.moving.record_plans import RecordPlan
from importers import presets
from tests.services.moving.records import ME, bring, confirm, count, show

FILES = Path(__file__).parents[2] / "files" / "presets"
SAMPLES = sorted(FILES.glob("*.csv"))
NO_FUND = Answers(funds={"Donation": "none", "Darowizna": "none", "Spende": "none"})
NPSP = Answers(funds={"Children": "new", "Animals": "new"}, campaigns={"Spring": "new"})


def read_sample(name: str) -> bytes:
    return (FILES / f"{name}.csv").read_bytes()


def read_rows() -> list[tuple[str, str, str]]:
    """What became of each row that made nothing, or not only a donor."""
    return [
        (row.plan["name"], row.state, row.reason)
        for row in db.session.scalars(select(RecordRow).order_by(RecordRow.id))
    ]


def sum_gifts() -> dict[str, int]:
    """The sums of all gifts by their donor and currency."""
    rows = db.session.execute(
        select(Donor.name, Gift.currency, func.sum(Gift.amount_minor))
        .join(Donor, Donor.id == Gift.donor_id)
        .group_by(Donor.id, Donor.name, Gift.currency)
        .order_by(Donor.id)
    )
    return {f"{name} {currency}": total for name, currency, total in rows}


def test_each_preset_has_its_sample() -> None:
    """A sample is recognised as what its name says, and every preset of another system has one."""
    names = set()
    for path in SAMPLES:
        (table,) = record_deliveries.open_tables(path.read_bytes(), path.name)
        names.add(table.preset)
        assert path.stem.startswith(table.preset), path.stem
        assert table.preset
    every_name = {preset.name for preset in presets.list_presets()}
    assert {name for name in every_name if not name.startswith("our-")} == names


def test_every_preset_says_what_it_was_checked_against() -> None:
    """Its fields are ours, no name is in two fields, and the files that belong with it are there."""
    names = {preset.name for preset in presets.list_presets()}
    for preset in presets.list_presets():
        assert len(preset.checked_against) > 10
        assert {*preset.columns, *preset.values, *preset.constants} <= set(FIELDS)
        assert set(preset.belongs_with) <= names
        columns = [name for words in preset.columns.values() for name in words.split("|")]
        assert len(columns) == len(set(columns)), preset.name


def test_a_plain_spreadsheet_is_no_preset() -> None:
    """A table that shares some columns with another system is read as any other."""
    assert find_preset(("Contact ID", "Name", "Amount"), record_presets.list_presets()) is None
    (table,) = record_deliveries.open_tables(
        "Imię i nazwisko;Kwota;Data\nAnna Lis;5;2024-02-01\n".encode(), "x"
    )
    assert table.preset == ""


# ---------------------------------------------------------------- CiviCRM


def test_civicrm_contacts(database: Flask) -> None:
    """Kinds, both addresses, ids and every no arrive, each with its channel."""
    bring(read_sample("civicrm-contacts"), Answers())
    rows = db.session.scalars(select(Donor).order_by(Donor.id)).all()
    assert [
        (row.name, row.kind, row.email, row.street, row.postcode, row.do_not_contact) for row in rows
    ] == [
        ("Anna Kowalska", "person", "anna@example.org", "Lipowa 3", "30-001", False),
        ("Jan Lis", "person", "jan@example.org", "", "", False),
        ("Piekarnia Kłos", "organisation", "biuro@klos.example", "Młyńska 5", "90-001", False),
        ("Nowakowie", "household", "dom@example.org", "Polna 7", "80-001", True),
    ]
    assert rows[0].lang == "pl"
    assert list_noes() == [
        ("Jan Lis", "email", "import:civicrm"),
        ("Piekarnia Kłos", "phone", "import:civicrm"),
        ("Nowakowie", "any", "import:civicrm"),
    ]
    assert interactions.read_notes([row.id for row in rows]) == {}
    refs = db.session.scalars(select(ExternalId.ref).filter_by(source="civicrm").order_by(ExternalId.ref))
    assert refs.all() == ["1", "2", "3", "4"]


def list_noes() -> list[tuple[str, str, str]]:
    """Who said no to everything, by which channel, as it was recorded."""
    query = select(Donor.name, Consent.channel, Consent.source).join(Donor, Donor.id == Consent.donor_id)
    rows = db.session.execute(
        query.where(Consent.state == "opt_out", Consent.purpose == "all").order_by(Consent.id)
    )
    return [(name, channel, source) for name, channel, source in rows]


def test_civicrm_contributions_meet_their_contacts(database: Flask) -> None:
    """Only received money is a gift, each of its own contact; soft credits are in no sum."""
    bring(read_sample("civicrm-contacts"), Answers())
    bring(read_sample("civicrm-contributions"), NO_FUND)
    assert sum_gifts() == {"Anna Kowalska PLN": 10000, "Jan Lis PLN": 120000, "Piekarnia Kłos EUR": 30000}
    assert count(Donor) == 4
    assert [row for row in read_rows() if row[1] == "left_out"] == [
        ("Jan Lis", "left_out", "not_received"),
        ("Jan Lis", "left_out", "not_received"),
        ("Piekarnia Kłos", "left_out", "taken_back"),
        ("Nowakowie", "left_out", "taken_back"),
    ]
    assert ("Nowakowie", "joined", "recognised") in read_rows()
    methods = db.session.scalars(select(Gift.method).order_by(Gift.id)).all()
    assert methods == ["transfer", "transfer", "card", "cash"]


@pytest.mark.parametrize("lang", ["pl", "de"])
def test_civicrm_labels_of_other_languages(database: Flask, lang: str) -> None:
    """Statuses are respected in Polish and German, and what came in English is not brought again."""
    bring(read_sample("civicrm-contacts"), Answers())
    bring(read_sample("civicrm-contributions"), NO_FUND)
    _, plan = show(read_sample(f"civicrm-contributions-{lang}"), NO_FUND)
    assert plan.answers.preset == "civicrm-contributions"
    assert plan.figures["counts"] == {"made": 0, "joined": 0, "known": 1, "held": 0, "left_out": 4}


def test_a_second_import_of_civicrm_adds_nothing(database: Flask) -> None:
    """The same people and money in another file of bytes make nothing."""
    bring(read_sample("civicrm-contacts"), Answers())
    bring(read_sample("civicrm-contributions"), NO_FUND)
    for name, known_count in (("civicrm-contacts", 4), ("civicrm-contributions", 5)):
        _, plan = show(read_sample(name) + b"\n", NO_FUND)
        assert not plan.can_be_written
        assert plan.figures["counts"]["known"] == known_count


# ---------------------------------------------------------------- NPSP


def test_npsp_rows_of_several_donors(database: Flask) -> None:
    """Each row's contacts and organisation are donors once, two at one address a household too, and who gave
    has the gift."""
    bring(read_sample("npsp-data-import"), NPSP)
    rows = db.session.execute(select(Donor.name, Donor.kind).order_by(Donor.name, Donor.id)).all()
    assert [tuple(row) for row in rows] == [
        ("Ann Miller", "person"),
        ("Ann Miller", "person"),
        ("Ann and Bob Miller", "household"),
        ("Bob Miller", "person"),
        ("Cid Stone", "person"),
        ("Dan Stone", "person"),
        ("Stone Ltd", "organisation"),
    ]
    gifts = db.session.execute(select(Donor.name, Gift.amount_minor).join(Donor).order_by(Gift.id)).all()
    assert [tuple(row) for row in gifts] == [
        ("Ann Miller", 10001),
        ("Ann Miller", 10001),
        ("Stone Ltd", 25000),
        ("Stone Ltd", 3000),
        ("Ann Miller", 1000),
    ]
    assert read_rows()[-2:] == [("Eve Hill", "left_out", "not_received"), ("Fay Hill", "held", "fund_shares")]


def test_npsp_funds_add_up_to_the_gift(database: Flask) -> None:
    """Percentages are cut down, the first fund gets the cent that is left; amounts stay as they are."""
    bring(read_sample("npsp-data-import"), NPSP)
    rows = db.session.execute(
        select(Designation.gift_id, Fund.name, Designation.amount_minor)
        .join(Fund)
        .order_by(Designation.gift_id, Fund.name.desc())
    ).all()
    first = min(row[0] for row in rows)
    assert [(row[0] - first, row[1], row[2]) for row in rows] == [
        (0, "Children", 5001),
        (0, "Animals", 5000),
        (1, "Children", 5001),
        (1, "Animals", 5000),
        (2, "Children", 20000),
        (2, "Animals", 5000),
        (3, "Children", 3000),
    ]


def test_npsp_again_and_undone(database: Flask) -> None:
    """A second file adds nothing; taken back, all seven donors go, and it can be brought again."""
    file = bring(read_sample("npsp-data-import"), NPSP)
    _, plan = show(read_sample("npsp-data-import") + b"\n", NPSP)
    assert not plan.can_be_written
    assert plan.figures["counts"] == {"made": 0, "joined": 0, "known": 5, "held": 1, "left_out": 1}
    view = record_undo.show_taking_back(file.id)
    assert (len(view.gift_ids), len(view.donor_ids), view.obstacles) == (5, 7, ())


# ---------------------------------------------------------------- Mailchimp

MAILCHIMP = ("mailchimp-subscribed", "mailchimp-unsubscribed", "mailchimp-cleaned")


def zip_mailchimp(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.csv", read_sample(name))
    return stream.getvalue()


def ask(plan: RecordPlan) -> list[tuple[str, tuple[str, ...]]]:
    return [(question.code, question.examples) for question in plan.questions]


def test_mailchimp_asks_for_the_withdrawn(database: Flask) -> None:
    """Subscribers alone are not brought: the other two files are asked for by name until they are here."""
    file, plan = show(read_sample("mailchimp-subscribed"), Answers())
    assert ask(plan) == [("missing_files", ("Mailchimp: unsubscribed", "Mailchimp: cleaned"))]
    bring(read_sample("mailchimp-unsubscribed"), Answers())
    db.session.refresh(file)
    assert file.summaries[0]["questions"][0]["examples"] == ["Mailchimp: cleaned"]
    bring(read_sample("mailchimp-cleaned"), Answers())
    db.session.refresh(file)
    assert file.summaries[0]["can_be_written"]
    confirm(file, file.summaries[0]["digest"])
    assert file.state == "done"


def test_mailchimp_without_other_files(database: Flask) -> None:
    """Who says that there are no others goes on; the next list asks again."""
    _, plan = show(read_sample("mailchimp-subscribed"), Answers(missing_files="none"))
    assert plan.questions == ()
    bring(read_sample("mailchimp-subscribed"), Answers(missing_files="none"))
    table = record_plans.read_bytes(read_sample("mailchimp-subscribed"), "x")
    remembered_answers = record_files.find_remembered_answers(record_plans.read_signature(table))
    assert remembered_answers is not None and remembered_answers.missing_files == ""


def test_nobody_withdrawn_of_mailchimp_can_be_written_to(database: Flask) -> None:
    """A ZIP is its three files, the withdrawn first; each of their addresses gets nothing any more."""
    tables = record_deliveries.open_tables(zip_mailchimp(*MAILCHIMP), "export.zip")
    assert [table.preset for table in tables][-1] == "mailchimp-subscribed"
    for table in tables:
        bring(table.content, Answers())
    assert count(Donor) == 4
    people = {row.email: row for row in db.session.scalars(select(Donor))}
    holds = {
        email: gate.find_hold(donor, "thanks", at=clock.now()) for email, donor in sorted(people.items())
    }
    assert sorted(str(hold) for hold in holds.values()) == ["None", "None", "opted_out", "suppressed"]
    dates = db.session.scalars(select(Consent.at).where(Consent.state == "opt_out")).all()
    assert [at < clock.now() for at in dates] == [True]  # its day is the file's, and not today
    sources = db.session.execute(select(Suppression.source, Suppression.scope)).all()
    assert [tuple(row) for row in sources] == [("bounced", "everything")]


def test_the_withdrawn_who_are_here_get_nothing_either(database: Flask) -> None:
    """A no to e-mail of somebody who is here is news, though nothing else of it is; told again, not."""
    name = {"name": "Piotr Zięba", "email": "piotr@example.org"}
    donor = donors.create_donor(name, source="form", now=clock.now(), actor=ME)
    file, plan = show(read_sample("mailchimp-unsubscribed"), Answers())
    assert plan.figures["counts"] == {"made": 0, "joined": 1, "known": 0, "held": 0, "left_out": 0}
    confirm(file, plan.digest)
    donor = db.session.get_one(Donor, donor.id)
    assert gate.find_hold(donor, "thanks", at=clock.now()) == "opted_out"
    assert not db.session.get_one(Donor, donor.id).do_not_contact
    _, plan = show(read_sample("mailchimp-unsubscribed") + b"\n", Answers())
    assert not plan.can_be_written
    assert [row.reason for row in plan.plan.rows] == ["nothing_new"]


def test_a_zip_with_something_else_is_refused() -> None:
    """Nothing of it is taken, and the refusal names what is no table."""
    stream = io.BytesIO(zip_mailchimp("mailchimp-cleaned"))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("picture.png", b"\x89PNG\r\n\x1a\n" + b"x" * 100)
    with pytest.raises(Rejected, match="picture"):
        record_deliveries.open_tables(stream.getvalue(), "export.zip")


# ---------------------------------------------------------------- one more

DROPPED_IN = """
name = "bloom"
title = "Bloom: donations"
system = "bloom"
checked_against = "an invented system, version 1"
marks = ["Giver No", "Given"]
[columns]
person_id = "Giver No"
full_name = "Giver"
amount = "Given"
received_on = "On"
[values.method]
cash = "Brass"
[constants]
currency = "PLN"
"""


@pytest.fixture
def dropped_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more preset, as a file beside ours."""
    for path in Path(presets.__file__).parent.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "bloom.toml").write_text(DROPPED_IN)
    monkeypatch.setattr("importers.presets.resources.files", lambda _: tmp_path)
    forget_presets()
    yield
    monkeypatch.undo()
    forget_presets()


def forget_presets() -> None:
    presets.list_presets.cache_clear()
    record_presets.list_presets.cache_clear()
    record_presets._list_names.cache_clear()


def test_a_preset_that_is_dropped_in_is_used(database: Flask, dropped_in: None) -> None:
    """No code knows it, and its file is recognised and brought without a question."""
    file = bring(b"Giver No;Giver;Given;On\n7;Anna Lis;5;2024-02-01\n8;Jan Lis;6;2024-02-02\n", Answers())
    assert sum_gifts() == {"Anna Lis PLN": 500, "Jan Lis PLN": 600}
    layout = db.session.scalars(select(ImportFile.layout).filter_by(id=file.id)).one()
    assert layout is not None and (layout["preset"], layout["system"]) == ("bloom", "bloom")


@pytest.mark.parametrize(
    ("line", "message"),
    [("nonsense = 1", "nonsense"), ('kind = "gift"', "gift"), ("[values.colour]\nred = 'x'", "colour")],
)
def test_a_wrong_preset_is_refused(line: str, message: str) -> None:
    """An unknown key, a wrong value and a field that there is not are named."""
    text = f"{DROPPED_IN}\n{line}" if line.startswith("[") else f"{line}\n{DROPPED_IN}"
    with pytest.raises(ValueError, match=message):
        prepare_preset(presets.parse_preset(text))


def test_another_preset_by_name(database: Flask) -> None:
    """Who says none gets the table read as any other; a name that there is not is refused."""
    _, plan = show(read_sample("civicrm-contributions"), Answers(preset="none", currency="PLN"))
    assert plan.answers.preset == "none"
    assert plan.answers.system == "spreadsheet"
    with pytest.raises(Rejected, match="there is no preset nowhere"):
        show(read_sample("civicrm-contributions") + b"\n", Answers(preset="nowhere"))
