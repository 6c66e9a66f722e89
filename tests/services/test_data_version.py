"""A version of the data is another one after any write, whoever wrote, and the same as long as nobody did."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from donorhub.db import db
from donorhub.services.data_version import read_data_version


def write() -> None:
    db.session.execute(text("UPDATE organisation SET legal_name = legal_name || '!'"))
    db.session.commit()


def test_version_stays_while_nobody_writes(database: Flask) -> None:
    version = read_data_version()
    db.session.rollback()
    db.session.execute(text("SELECT legal_name FROM organisation")).all()
    db.session.rollback()
    assert read_data_version() == version


def test_own_write_changes_version(database: Flask) -> None:
    version = read_data_version()
    db.session.rollback()
    write()
    assert read_data_version() != version


def test_write_of_others_changes_version(database: Flask) -> None:
    version = read_data_version()
    db.session.rollback()
    with db.engine.connect() as reader:  # holds the connection that was asked, so that another one writes
        reader.rollback()
        write()
    assert read_data_version() != version


def test_connections_never_share_a_version(database: Flask) -> None:
    """What one SQLite connection says of itself says nothing to another; PostgreSQL tells of all."""
    versions = []
    for _ in range(3):
        versions.append(read_data_version())
        db.session.remove()
        db.engine.dispose()
    assert len(set(versions)) == (3 if db.engine.dialect.name == "sqlite" else 1)
