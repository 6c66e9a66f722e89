"""The clone guard: a copy is held until somebody adopts it, and nothing else ever is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url, select

from donorhub.db import db
from donorhub.errors import Changed
from donorhub.models import AuditRecord, Instance
from donorhub.services.access import instance, organisation, place
from donorhub.services.access.place import Fact
from tests.contents import read_contents
from tests.copies import COPY, HOME, copied, running_at, settle_at
from tests.races import run_second, skip_without_locks

ME = "user:7"


def read_reasons() -> list[str]:
    hold = instance.judge_place()
    return list(hold.reasons) if hold else []


def test_an_upgraded_installation_is_not_held(database: Flask) -> None:
    """Before any server has noted its place, every place fits."""
    assert instance.get_instance().place == {} and read_reasons() == []
    assert not instance.is_held()


def test_place_is_noted_once(database: Flask) -> None:
    settle_at()
    before = read_contents()
    assert set(instance.get_instance().place) == set(HOME)
    settle_at()
    assert read_contents() == before
    assert not any(value in str(before["instance"]) for value in HOME.values())  # hashes only


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (HOME, []),
        (COPY, ["file", "path"]),
        ({**HOME, "machine": "b2"}, ["machine"]),
        ({**HOME, "address": "https://donors.example.org"}, []),  # nobody had noted one
        ({"path": HOME["path"], "file": HOME["file"]}, []),  # a container tells no machine
        ({}, []),
    ],
)
def test_only_another_place_holds(database: Flask, facts: Mapping[Fact, str], reasons: list[str]) -> None:
    """What differs holds; what cannot be told, and what nobody had noted, does not."""
    settle_at()
    with running_at(facts):
        assert read_reasons() == reasons
        assert instance.is_held() == bool(reasons)


def test_new_fact_is_noted_beside_others(database: Flask) -> None:
    """A public address that is set later belongs to the place from then on."""
    settle_at()
    settle_at({**HOME, "address": "https://donors.example.org"})
    with running_at({**HOME, "address": "https://staging.example.org"}):
        assert read_reasons() == ["address"]


def test_a_copy_notes_no_place(database: Flask) -> None:
    settle_at()
    before = read_contents()
    settle_at({**COPY, "address": "https://staging.example.org"})
    assert read_contents() == before


def test_adoption_begins_another_epoch(database: Flask, now: datetime) -> None:
    """What was adopted is free here, held where it was before, and the audit says who did it."""
    with copied():
        hold = instance.judge_place()
        assert hold is not None
        instance.adopt_instance(digest=hold.digest, now=now, actor=ME)
        db.session.commit()
        assert not instance.is_held()
    row = db.session.get_one(Instance, 1)
    assert row.place == place.hash_facts(COPY)
    assert (row.epoch, row.adopted_at, row.adopted_by, row.state) == (2, now, ME, "normal")
    with running_at(HOME):
        assert read_reasons() == ["file", "path"]
    record = db.session.scalars(select(AuditRecord)).one()
    assert (record.actor, record.what) == (ME, "instance.adopted")
    assert record.data == {"reasons": ["file", "path"], "epoch": 2, "origin": None}


def test_adopting_again_changes_nothing(database: Flask, now: datetime) -> None:
    with copied():
        instance.adopt_instance(now=now, actor=ME)
        db.session.commit()
        before = read_contents()
        assert instance.adopt_instance(now=now, actor=ME) is None
        db.session.commit()
    assert read_contents() == before


def test_another_hold_than_shown_stays(database: Flask, now: datetime) -> None:
    """Whoever was shown one reason ends no hold for another."""
    with copied():
        before = read_contents()
        with pytest.raises(Changed):
            instance.adopt_instance(digest="0" * 64, now=now, actor=ME)
        db.session.rollback()
        assert read_contents() == before and instance.is_held()


def test_an_old_process_is_held_by_an_adoption(database: Flask, now: datetime) -> None:
    """A process that fitted, and never looks again, lets nothing leave after somebody else adopted."""
    settle_at()
    with running_at(HOME):
        assert not instance.is_held()
        old = instance._process
        with running_at(COPY):
            instance.adopt_instance(now=now, actor=ME)
            db.session.commit()
        assert instance._process is old and db.session.scalar(select(instance.may_leave())) is False
        assert instance.is_held()


def test_what_was_imported_is_held_anywhere(database: Flask, now: datetime) -> None:
    """An import holds whatever the place is; again changes nothing; an adoption ends it."""
    instance.hold_instance("imported", now=now, origin={"sha256": "ab"})
    db.session.commit()
    before = read_contents()
    instance.hold_instance("imported", now=now, origin={"sha256": "cd"})
    db.session.commit()
    assert read_contents() == before and read_reasons() == ["imported"] and instance.is_held()
    instance.adopt_instance(now=now, actor=ME)
    db.session.commit()
    assert read_reasons() == [] and not instance.is_held()
    assert db.session.scalars(select(AuditRecord.data)).one()["origin"] == {"sha256": "ab"}


def test_creating_again_keeps_the_instance(database: Flask, now: datetime) -> None:
    before = read_contents()
    organisation.create_organisation(now=now)
    db.session.commit()
    assert read_contents() == before


@pytest.mark.skipif("config.getoption('--db') != 'sqlite'", reason="its place is a file")
def test_a_copied_file_is_another_place(app: Flask, home: Path, tmp_path: Path) -> None:
    """Path and file tell a copy; opening it again, and what a name of a host tells, do not."""
    with app.app_context():
        first = place.read_place("http://127.0.0.1:8080")
        assert place.read_place("http://localhost:80") == first and "address" not in first
        assert first["path"] == str(home.resolve() / "donorhub.sqlite3")
    shutil.copy(home / "donorhub.sqlite3", tmp_path / "donorhub.sqlite3")
    assert str((tmp_path / "donorhub.sqlite3").stat().st_ino) != first["file"]
    assert set(first) <= {"path", "file", "machine"}


@pytest.mark.skipif("config.getoption('--db') != 'sqlite'", reason="its place is a file")
@pytest.mark.parametrize(
    ("kind", "has_number"), [("ext4", True), ("vfat", False), ("fuse.sshfs", False), ("fakeowner", False)]
)
def test_numbers_that_do_not_last_tell_nothing(
    app: Flask, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, has_number: bool
) -> None:
    """On a stick, or on another machine's disk, a file has another number after each restart."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 {home.resolve()} {kind} rw 0 0\nproc /proc proc rw 0 0\n"
    )
    monkeypatch.setattr(place, "_MOUNTS", mounts)
    with app.app_context():
        facts = place.read_place("http://127.0.0.1:8080")
    assert ("file" in facts) == has_number and "path" in facts


@pytest.mark.skipif("config.getoption('--db') != 'sqlite'", reason="its place is a file")
def test_stick_whose_name_has_blank_has_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mounts are listed with each blank as its number: such a stick is no part of the disk around it."""
    stick = tmp_path / "MY STICK"
    stick.mkdir()
    (stick / "donorhub.sqlite3").touch()
    mounts = tmp_path / "mounts"
    listed_name = str(stick).replace(" ", r"\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 {listed_name} vfat rw 0 0\n")
    monkeypatch.setattr(place, "_MOUNTS", mounts)
    facts = place._read_sqlite(make_url(f"sqlite:///{stick}/donorhub.sqlite3"))
    assert "file" not in facts and facts["path"] == f"{stick.resolve()}/donorhub.sqlite3"


def test_a_container_tells_no_machine(
    app: Flask, stores: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's id of an image is no fact: the next image has another."""
    mark, machine_id = tmp_path / "mark", tmp_path / "machine-id"
    machine_id.write_text("aa11\n")
    monkeypatch.setattr(place, "_MACHINE_ID", machine_id)
    monkeypatch.setattr(place, "_CONTAINER_MARKS", (mark,))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with app.app_context():
        outside = place.read_place("https://donors.example.org")
        mark.touch()
        inside = place.read_place("https://donors.example.org")
        db.session.remove()
    assert outside.get("machine") == ("aa11" if stores == "sqlite" else None)
    assert inside == {name: value for name, value in outside.items() if name != "machine"}
    assert outside["address"] == "https://donors.example.org"


@pytest.mark.skipif("config.getoption('--db') != 'postgres'", reason="its place is a server")
def test_a_database_beside_it_is_another_place(database: Flask, servers: dict[str, str]) -> None:
    """Server, cluster and database are told, and another database of the cluster differs in one."""
    facts = place.read_place("http://127.0.0.1:8080")
    assert set(facts) == {"server", "cluster", "database"}
    name, _, oid = facts["database"].partition(":")
    assert name in servers["DATABASE_URL"] and oid.isdigit() and facts["cluster"].isdigit()


def test_two_who_adopt_at_once_do_it_once(database: Flask, now: datetime) -> None:
    """The second waits for the first, and finds nothing to end."""
    skip_without_locks(database)
    with copied():
        assert instance.adopt_instance(now=now, actor=ME) is not None
        second = run_second(database, lambda: instance.adopt_instance(now=now, actor="user:8"))
        assert second.waited and (second.result, second.error) == (None, None)
        assert db.session.scalars(select(AuditRecord.actor)).all() == [ME]
        assert instance.get_instance().epoch == 2


def test_no_place_is_noted_over_an_adoption(database: Flask, now: datetime) -> None:
    """The old server's look, begun before an adoption, does not write its own place over the new one."""
    skip_without_locks(database)
    with running_at(HOME):
        assert instance.judge_place() is None  # nobody had noted a place
        row = instance.get_instance()
        row.place, row.epoch = place.hash_facts(COPY), 2  # as an adoption elsewhere does, not yet committed
        db.session.flush()
        second = run_second(database, instance.settle_place)
        assert second.waited
        assert instance.get_instance().place == place.hash_facts(COPY)
