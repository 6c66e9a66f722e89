"""``donorhub duplicates``: looks for records that may be one person, and asks once."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.services.donors import donors
from tests.cli.conftest import Donorhub


def test_duplicates_are_asked_about(database: Flask, donorhub: Donorhub, now: datetime) -> None:
    """Two records of one person are one new group, and a second look finds nothing new."""
    for _ in range(2):
        fields: donors.DonorFields = {"name": "Anna Kowalska", "email": "anna@example.org"}
        donors.create_donor(fields, source="test", now=now, actor="test")
    db.session.commit()
    for arguments, asked in (((), 1), (("--all",), 0)):
        ended = donorhub("duplicates", *arguments)
        assert ended.code == 0, ended.err
        assert ended.out.strip() == f"looked at: 2 donors; made one: 0; asked about: {asked} new groups"
