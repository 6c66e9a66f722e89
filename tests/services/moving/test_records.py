"""Donors and past gifts come as they were shown, once, whole or not at all, and nobody is thanked."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.errors import Conflict, Rejected
from donorhub.jobs.queue.run import run_task
from donorhub.models import (
    AuditRecord,
    Consent,
    Designation,
    Donor,
    DonorStage,
    ExternalId,
    Fund,
    Gift,
    IdentityKey,
    Message,
    Receipt,
    RecordRow,
    Task,
)
from donorhub.money import Money
from donorhub.services.bank.files import imports
from donorhub.services.donors import donors
from donorhub.services.donors.identity_keys import hash_key
from donorhub.services.giving import gifts, new_gifts
from donorhub.services.moving import record_files, record_plans, record_writing
from donorhub.services.receipts import receipt_lists, receipt_previews
from tests import record_books
from tests.contents import read_contents
from tests.services.moving.records import ME, PLN, bring, confirm, count, show

LONGER = record_books.make_polish_text().replace(
    b";Suma;;1130;;;", b"4;Jan Lis;jan@example.org;15,00;01.03.2024;Dzieci;\r\n;Suma;;1145;;;"
)


def test_polish_years_come_as_shown(database: Flask) -> None:
    """Every donor, gift and refusal of the workbook is in the base as counted by hand."""
    file = bring(record_books.make_polish_years())
    assert (file.state, file.new_count) == ("done", 6)
    rows = db.session.execute(
        select(
            Donor.name, Donor.phone, Donor.do_not_contact, func.count(Gift.id), func.sum(Gift.amount_minor)
        )
        .join(Gift)
        .group_by(Donor.id)
        .order_by(Donor.id)
    ).all()
    assert [tuple(row) for row in rows] == [
        ("Anna Kowalska", "+48 501234567", False, 3, 15000),
        ("Piotr Zieliński", "+48 602345678", False, 1, 123450),
        ("Fundacja Promyk", "", False, 1, 10000),
        ("Ewa Mazur", "", True, 1, 20000),
    ]
    held = db.session.scalars(select(RecordRow).where(RecordRow.state == "held")).all()
    assert [(row.sheet, row.row_no, row.reason, row.gift_id) for row in held] == [
        ("2024", 8, "unreadable_date", None)
    ]


def test_writing_is_audited_once(database: Flask) -> None:
    """The audit says who had the file written and what came of it, once, also where it is sent again."""
    file = bring(record_books.make_polish_years())
    record_writing.write_file(file.id, "", now=clock.now(), actor="user:2")
    db.session.commit()
    query = select(AuditRecord.actor, AuditRecord.subject_type, AuditRecord.subject_id, AuditRecord.data)
    rows = db.session.execute(query.where(AuditRecord.what == "import_file.records_written")).all()
    counts = {"made": 6, "joined": 0, "known": 0, "held": 1, "left_out": 0}
    written = {"counts": counts, "gifts": 6, "donors": 4}
    assert [tuple(row) for row in rows] == [(ME, "import_file", file.id, written)]


def test_history_triggers_nothing(database: Flask) -> None:
    """No message, no receipt and no task of thanks comes of it; stages are right at once."""
    bring(record_books.make_polish_years())
    assert (count(Message), count(Receipt)) == (0, 0)
    assert db.session.scalars(select(Task.kind).distinct()).all() == ["import_records"]
    stages = dict(
        db.session.execute(
            select(Donor.name, DonorStage.stage).join(DonorStage, DonorStage.donor_id == Donor.id)
        ).all()
    )
    assert stages["Anna Kowalska"] == "lapsed"


def test_the_same_again_adds_nothing(database: Flask) -> None:
    """The same bytes again are the same file, and the same content in other bytes is known row by row."""
    bring(record_books.make_polish_text())
    before = count(Donor), count(Gift)
    _, is_new = record_files.receive_file(
        record_books.make_polish_text(), "again.csv", now=clock.now(), actor=ME
    )
    assert not is_new
    _, plan = show(record_books.make_polish_text() + b"\r\n")
    assert plan.plan.count_states() == {"made": 0, "joined": 0, "known": 3, "held": 0, "left_out": 0}
    assert not plan.can_be_written
    assert (count(Donor), count(Gift)) == before


def test_a_longer_file_adds_what_is_new(database: Flask) -> None:
    """Of a longer file only the new row comes."""
    bring(record_books.make_polish_text())
    file = bring(LONGER)
    assert (file.new_count, file.known_count) == (1, 3)
    assert (count(Donor), count(Gift)) == (3, 4)


def test_names_alone_stay_apart_and_known(database: Flask) -> None:
    """Rows of a name alone are donors of their own, and a longer file with new rows on top adds those."""
    head, rows = "Darczyńca;Data;Kwota\n", "Anna Lis;2024-02-01;10\nAnna Lis;2024-02-01;10\n"
    bring((head + rows).encode())
    assert (count(Donor), count(Gift)) == (2, 2)
    bring((head + "Anna Lis;2024-03-01;10\n" + rows).encode())
    assert (count(Donor), count(Gift)) == (3, 3)


def test_a_dry_run_changes_nothing(database: Flask) -> None:
    """Planning writes no row of any table, and its figures are the run's."""
    before = read_contents()
    plan = record_plans.make_plan(
        record_plans.read_bytes(record_books.make_polish_text(), "x.csv"), PLN, now=clock.now()
    )
    assert read_contents() == before
    bring(record_books.make_polish_text())
    assert (count(Donor), count(Gift)) == (plan.figures["new_donors"], plan.figures["gifts"]) == (2, 3)
    assert plan.figures["sums"] == {"PLN": db.session.scalar(select(func.sum(Gift.amount_minor)))}


def test_funds_go_where_said(database: Flask) -> None:
    """A fund that a person let be made is made once; a value that is none stays out."""
    bring(record_books.make_polish_text())
    assert db.session.scalars(select(Fund.name).where(Fund.name != "General")).all() == ["Dzieci"]
    assert db.session.scalar(select(func.sum(Designation.amount_minor))) == 8000
    _, plan = show(LONGER, Answers(currency="PLN", funds={"Psy": "none"}))
    assert plan.questions == ()


def test_a_changed_base_asks_again(database: Flask) -> None:
    """What was confirmed and fits no more is not written."""
    file, plan = show(record_books.make_polish_text())
    donors.create_donor(
        {"name": "Łucja Żak", "email": "lucja@example.org"}, source="form", now=clock.now(), actor=ME
    )
    db.session.commit()
    confirm(file, plan.digest)
    assert file.state == "asking"
    assert (count(Donor), count(Gift)) == (1, 0)


def test_a_kill_leaves_nothing(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends in the middle leaves nothing of the file, and the next try brings all of it."""
    file, plan = show(record_books.make_polish_text())
    record_files.plan_writing(file, plan.digest, now=clock.now(), actor=ME)
    db.session.commit()
    task = imports.find_reading_task(file)
    assert task is not None
    with monkeypatch.context() as broken:
        broken.setattr(new_gifts, "record_gifts", _die)
        run_task(task.id)
    assert (count(Donor), count(Gift)) == (0, 0)
    db.session.execute(Task.__table__.update().values(next_attempt_at=None))
    db.session.commit()
    run_task(task.id)
    assert (count(Donor), count(Gift)) == (2, 3)


def _die(*_: object, **__: object) -> None:
    raise OSError("the machine went off")


def test_a_donor_who_is_here_is_filled(database: Flask) -> None:
    """The same address and name is the donor who is here: what is empty is filled, nothing overwritten."""
    earlier = donors.create_donor(
        {"name": "Łucja Żak", "email": "Lucja@example.org", "city": "Łódź"},
        source="form",
        now=clock.now(),
        actor=ME,
    )
    other = donors.create_donor(
        {"name": "Władysław Śliwa", "city": "Gdynia"}, source="form", now=clock.now(), actor=ME
    )
    db.session.commit()
    text = "Imię i nazwisko;E-mail;Miasto;Telefon\nŁucja Żak;lucja@example.org;Opole;501234567\n"
    bring((text + "Władysław Śliwa;;Gdynia;\n").encode())
    assert (earlier.city, earlier.phone, earlier.email) == ("Łódź", "+48 501234567", "Lucja@example.org")
    assert count(Donor) == 3
    assert other.phone == ""


def test_a_no_counts_and_is_never_lifted(database: Flask) -> None:
    """NIE marks the donor, a no to e-mail is one, and a later TAK changes neither."""
    text = "Name;Email;Consent;Do not email\nAnna Lis;anna@example.org;NIE;\nJan Lis;jan@example.org;;TAK\n"
    bring(text.encode())
    bring(text.replace("NIE", "TAK").replace(";;TAK", ";TAK;").encode() + b"Ida Lis;ida@example.org;TAK;\n")
    told = dict(db.session.execute(select(Donor.name, Donor.do_not_contact)).all())
    assert told == {"Anna Lis": True, "Jan Lis": False, "Ida Lis": False}
    states = db.session.execute(select(Consent.state, Consent.channel).order_by(Consent.id)).all()
    assert [tuple(row) for row in states] == [
        ("opt_out", "any"),
        ("opt_out", "email"),
        ("unknown", "email"),
        ("unknown", "email"),
        ("unknown", "email"),
    ]


def test_a_no_of_a_held_row_counts(database: Flask) -> None:
    """Money that cannot be read holds the row, not the no of a donor who is here."""
    anna = donors.create_donor(
        {"name": "Anna Lis", "email": "anna@example.org"}, source="form", now=clock.now(), actor=ME
    )
    db.session.commit()
    text = "Name;Email;Date;Amount;Consent\nAnna Lis;anna@example.org;2024-02-01;?x;NIE\n"
    bring((text + "Jan Lis;jan@example.org;2024-02-01;10;\n").encode())
    assert anna.do_not_contact
    assert count(Gift) == 1


def test_the_same_money_is_no_second_gift(database: Flask) -> None:
    """A gift that is here about the day, of the same donor or name, is the row's unless a person says no."""
    anna = donors.create_donor({"name": "Anna Lis"}, source="bank", now=clock.now(), actor=ME)
    gifts.record_gift(
        anna.id,
        Money(1000, "PLN"),
        received_on=date(2024, 2, 3),
        source="bank",
        source_ref="1",
        now=clock.now(),
        actor=ME,
    )
    db.session.commit()
    text = "Name;Date;Amount\nAnna Lis;2024-02-01;10\nAnna Lis;2024-02-01;10\n"
    _, plan = show(text.encode())
    assert [(row.state, row.reason) for row in plan.plan.rows] == [("known", "already_here"), ("made", "")]
    another = {"is_another_gift": True}
    answers = Answers.from_dict({"currency": "PLN", "rows": {"!2": another, "!3": another}})
    file = bring((text + "\n").encode(), answers)
    assert (file.new_count, count(Gift)) == (2, 3)


def test_a_cell_that_changed_waits(database: Flask) -> None:
    """A longer file in which an amount is another holds that row instead of making a second gift."""
    bring(record_books.make_polish_text())
    _, plan = show(LONGER.replace(b";1 050,00;", b";1 060,00;"))
    assert [(row.state, row.reason) for row in plan.plan.rows] == [
        ("known", "imported_before"),
        ("known", "imported_before"),
        ("held", "gift_changed"),
        ("made", ""),
    ]


def test_their_ids_find_donors_and_gifts(database: Flask) -> None:
    """Ids of the other system are kept, and an amount that differs under one waits for a person."""
    text = "Contact ID;Contribution ID;Name;Received Date;Total Amount\n7;1;Anna Lis;2024-02-01;10\n"
    answers = Answers(currency="PLN", system="civicrm")
    bring(text.encode(), answers)
    assert db.session.execute(select(ExternalId.source, ExternalId.ref)).all() == [("civicrm", "7")]
    _, plan = show(text.replace(";10\n", ";20\n7;2;Anna Lis-Nowak;2024-02-05;30\n").encode(), answers)
    assert [(row.state, row.reason) for row in plan.plan.rows] == [("held", "gift_differs"), ("made", "")]
    assert [donor.donor_id is None for donor in plan.plan.donors] == [False]


def test_accounts_become_keys(database: Flask) -> None:
    """An account of the file is the donor's from then on, so that the bank's entries find them."""
    text = "Name;IBAN;Date;Amount\nAnna Lis;PL61109010140000071219812874;2024-02-01;10\n"
    bring(text.encode())
    assert hash_key("iban", "PL61109010140000071219812874") in db.session.scalars(
        select(IdentityKey.value_hash)
    )


def test_a_table_with_these_columns_is_remembered(database: Flask) -> None:
    """The next file with the same columns needs no answer again, and what was left out stays left out."""
    bring(record_books.make_polish_text(), Answers(currency="PLN", funds={}, columns={"5": "left_out"}))
    file, _ = record_files.receive_file(LONGER, "2.csv", now=clock.now(), actor=ME)
    plan = record_plans.plan_file(file, now=clock.now())
    assert plan.questions == ()
    assert plan.answers.columns["5"] == "left_out"


def test_a_bank_file_is_not_taken_for_people(database: Flask) -> None:
    """Bytes that are being read as a bank file are refused here."""
    data = b"Data;Kwota;Nadawca\n2024-01-01;5,00;Anna Lis\n"
    imports.receive_file(data, "bank.csv", now=clock.now(), actor=ME)
    with pytest.raises(Conflict, match="bank file"):
        record_files.receive_file(data, "people.csv", now=clock.now(), actor=ME)


def test_wrong_answers_are_refused() -> None:
    """An answer that nobody asks for, or of a wrong form, is refused."""
    for raw in ({"colour": "red"}, {"decimal": ":"}, {"columns": {"1": "shoe_size"}}, {"system": "A B"}):
        with pytest.raises(Rejected):
            record_files.parse_answers(raw)


def test_a_receipt_of_before_gets_no_second(database: Flask) -> None:
    """A gift with the number of a receipt of another system is fit for none of ours."""
    text = "Name;Date;Amount;Receipt number\nAnna Lis;2024-02-01;10;15/2024\n"
    bring(text.encode())
    gift = db.session.scalars(select(Gift)).one()
    assert gift.receipted_elsewhere == "15/2024"
    (row,) = receipt_lists.list_gifts_without_receipt(gift.donor_id, 2024)
    assert row.hindrance == "elsewhere"
    with pytest.raises(Rejected, match="another system"):
        receipt_previews.make_preview([gift.id], today=date(2026, 11, 30))
