"""Files kept with donors: once, sealed, of known kinds and sizes, taken away whole, following merges."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import vault
from donorhub.db import db
from donorhub.domain.access.permissions import Principal
from donorhub.errors import DonorHubError, NotFound, Rejected
from donorhub.models import AuditValue, Donor, DonorFile
from donorhub.services.access.row_scope import narrow_reading
from donorhub.services.donors import donor_files, donors, erasure, merging, unmerging
from donorhub.services.moving import export
from tests.contents import Contents, read_contents
from tests.races import run_second, skip_without_locks
from tests.services.donors.merge_world import read_comparable

ME = "user:1"
PDF = b"%PDF-1.7 Deklaracja"
READER = Principal("system", 0, "all", frozenset({"donors:read"}))
BLIND = Principal("user", 2, "some", frozenset({"donors:read"}), hidden_fields=frozenset({"files"}))


@pytest.fixture
def anna(database: Flask, now: datetime) -> Donor:
    donor = donors.create_donor({"name": "Anna"}, source="form", now=now, actor=ME)
    db.session.commit()
    return donor


def add(donor_id: int, now: datetime, content: bytes = PDF, name: str = "scan.pdf") -> tuple[DonorFile, bool]:
    answer = donor_files.add_file(donor_id, content, name, note="of 2024", now=now, actor=ME)
    db.session.commit()
    return answer


def read_all() -> Contents:
    db.session.rollback()
    contents = read_contents()
    db.session.rollback()
    return contents


def test_file_is_kept_sealed_and_once(anna: Donor, now: datetime) -> None:
    """The bytes come back as they were and lie there unreadable; the same bytes again are the first file."""
    file, is_new = add(anna.id, now)
    assert is_new and donor_files.read_content(file) == PDF
    assert (file.kind, file.name, file.note, file.size) == ("pdf", "scan.pdf", "of 2024", len(PDF))
    assert b"Deklaracja" not in file.content and PDF not in vault.unseal_bytes(file.content)
    before = read_all()
    again, is_new = add(anna.id, now, name="other.pdf")
    assert (again.id, is_new) == (file.id, False)
    assert read_all() == before
    assert [one.id for one in donor_files.list_files(anna.id, reader=READER)] == [file.id]


def test_file_is_taken_away_whole(anna: Donor, now: datetime) -> None:
    """Nothing of a file is left but that it was there, whose name can be erased; then it is not found."""
    file, _ = add(anna.id, now)
    file_id = file.id
    donor_files.remove_file(file, now=now, actor=ME)
    db.session.commit()
    assert db.session.scalars(select(DonorFile)).all() == []
    with pytest.raises(NotFound):
        donor_files.get_file(anna.id, file_id, reader=READER)
    values = db.session.execute(select(AuditValue.donor_id, AuditValue.before, AuditValue.after)).all()
    assert [tuple(row) for row in values] == [(anna.id, None, "scan.pdf"), (anna.id, "scan.pdf", None)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"%PDF-" + b"x" * 10 * 1024 * 1024, "donor_file_too_large"),
        (b"MZ\x90\x00", "donor_file_kind"),
        (b"<html>", "donor_file_kind"),
    ],
)
def test_refused_file_changes_nothing(anna: Donor, now: datetime, content: bytes, code: str) -> None:
    """What is empty, too large or of no kind that is kept is refused by its code."""
    before = read_all()
    with pytest.raises(Rejected) as refused:
        add(anna.id, now, content)
    assert (refused.value.specific_code, refused.value.field) == (code, "/file")
    assert read_all() == before


def test_donor_has_not_endlessly_many(anna: Donor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the most, by count or by bytes, is refused; with one taken away there is room again."""
    monkeypatch.setattr(donor_files, "MOST_FILES", 2)
    first, _ = add(anna.id, now, b"one")
    add(anna.id, now, b"two")
    with pytest.raises(Rejected) as refused:
        add(anna.id, now, b"three")
    assert refused.value.specific_code == "donor_files_too_many"
    donor_files.remove_file(first, now=now, actor=ME)
    add(anna.id, now, b"three")
    monkeypatch.setattr(donor_files, "MOST_FILES", 9)
    monkeypatch.setattr(donor_files, "MOST_MB", 1)
    add(anna.id, now, b"a" * (1024 * 1024 - 8))  # to the byte
    with pytest.raises(Rejected) as refused:
        add(anna.id, now, b"x")
    assert refused.value.specific_code == "donor_files_too_many"


def test_who_does_not_see_files_finds_none(anna: Donor, now: datetime) -> None:
    """Where the field is hidden there is no list, no file and none to add; another donor's is not found."""
    file, _ = add(anna.id, now)
    other = donors.create_donor({"name": "Ewa"}, source="form", now=now, actor=ME)
    assert donor_files.list_files(anna.id, reader=BLIND) == []
    finders: list[Callable[[], object]] = [
        lambda: donor_files.get_file(anna.id, file.id, reader=BLIND),
        lambda: donor_files.get_file(other.id, file.id, reader=READER),
        lambda: donor_files.require_shown(BLIND),
    ]
    for find in finders:
        with pytest.raises(NotFound):
            find()
    with narrow_reading(frozenset({7})):  # whose list Anna is not on
        assert donor_files.list_files(anna.id, reader=READER) == []
        with pytest.raises(NotFound):
            donor_files.get_file(anna.id, file.id, reader=READER)


def test_files_follow_a_merge_and_back(anna: Donor, now: datetime) -> None:
    """The survivor has the files of both, the same letter twice; taken apart, each has their own again."""
    loser = donors.create_donor({"name": "Anna K."}, source="form", now=now, actor=ME)
    for donor_id, own in ((anna.id, b"hers"), (loser.id, b"of the other")):
        add(donor_id, now)
        add(donor_id, now, own, "own.txt")
    before = read_comparable()
    log, _ = merging.merge_donors(anna.id, loser.id, now=now, actor=ME)
    db.session.commit()
    files = donor_files.list_files(anna.id, reader=READER)
    assert sorted(donor_files.read_content(file) for file in files) == [PDF, PDF, b"hers", b"of the other"]
    unmerging.undo_merge(log.id, now=now, actor=ME)
    db.session.commit()
    assert read_comparable() == before
    own = donor_files.list_files(loser.id, reader=READER)
    assert sorted(donor_files.read_content(file) for file in own) == [PDF, b"of the other"]


def test_file_kept_since_goes_where_it_belongs(anna: Donor, now: datetime) -> None:
    """A file that came after a merge is asked about when it is taken apart, and goes to whom is said."""
    loser = donors.create_donor({"name": "Anna K."}, source="form", now=now, actor=ME)
    log, _ = merging.merge_donors(anna.id, loser.id, now=now, actor=ME)
    file, _ = add(anna.id, now)
    (row,) = unmerging.plan_undo(log.id, now=now).later_rows
    assert (row.name, row.side) == (("donor_file", file.id), "survivor")
    unmerging.undo_merge(log.id, given_back=[row.name], now=now, actor=ME)
    db.session.commit()
    assert file.donor_id == loser.id and donor_files.read_content(file) == PDF


def test_export_carries_the_bytes(anna: Donor, now: datetime) -> None:
    """What goes out as plain JSON holds the file as it came, and nothing that is sealed."""
    add(anna.id, now)
    (row,) = export.read_rows("donor_file")
    assert base64.b64decode(str(row["content"])) == PDF


def test_removed_since_the_merge_stays_removed(anna: Donor, now: datetime) -> None:
    """A file that was taken away after a merge does not come back when the merge is taken apart."""
    loser = donors.create_donor({"name": "Anna K."}, source="form", now=now, actor=ME)
    add(loser.id, now)
    log, _ = merging.merge_donors(anna.id, loser.id, now=now, actor=ME)
    (file,) = donor_files.list_files(anna.id, reader=READER)
    donor_files.remove_file(file, now=now, actor=ME)
    unmerging.undo_merge(log.id, now=now, actor=ME)
    db.session.commit()
    assert db.session.scalars(select(DonorFile)).all() == []


def test_erased_donor_takes_no_file(anna: Donor, now: datetime) -> None:
    """Files go with who is erased, and none comes back to them."""
    add(anna.id, now)
    erasure.erase_donor(anna.id, now=now, actor=ME)
    db.session.commit()
    assert db.session.scalars(select(DonorFile)).all() == []
    with pytest.raises(DonorHubError):
        add(anna.id, now)
    db.session.rollback()
    assert db.session.scalars(select(DonorFile)).all() == []


def test_two_who_send_one_file_keep_one(database: Flask, anna: Donor, now: datetime) -> None:
    """The second of two who send the same bytes waits, and finds them kept."""
    skip_without_locks(database)
    donor_id = anna.id
    donor_files.add_file(donor_id, PDF, "a.pdf", note="", now=now, actor=ME)
    second = run_second(
        database,
        lambda: donor_files.add_file(donor_id, PDF, "b.pdf", note="", now=now, actor="user:2")[1],
    )
    assert second.waited and second.error is None and second.result is False
