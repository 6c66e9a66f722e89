"""After a breach: exactly whom somebody looked at and what they took out, and nobody else."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import DonorRead, User
from tests.cli.conftest import Donorhub
from tests.web.bank.bank_world import Staff, let_write
from tests.web.desk import add_donor


def report(donorhub: Donorhub, *arguments: str) -> dict[str, Any]:
    let_write()
    ended = donorhub("breach", "report", "--since", "2026-11-22", "--json", *arguments)
    assert ended.code == 0, ended.err
    facts: dict[str, Any] = json.loads(ended.out)
    return facts


def test_seeded_breach_is_told_exactly(database: Flask, donorhub: Donorhub) -> None:
    """Whom each looked at, each once a day; what was taken out; another one's looks are not theirs."""
    anna, jan, ewa = (add_donor(name).id for name in ("Anna Nowak", "Jan Kos", "Ewa Lis"))
    fundraiser, admin = Staff(database, "fundraiser"), Staff(database, "admin")
    for _ in range(2):
        assert fundraiser.get(f"/donors/{anna}").status_code == 200
    fundraiser.get(f"/donors/{jan}")
    fundraiser.get("/donors")
    fundraiser.get("/donors/999")
    admin.get(f"/donors/{ewa}")
    admin.get("/donors/download?form=csv")
    let_write()
    users = {user.email.partition("@")[0]: f"user:{user.id}" for user in db.session.scalars(select(User))}
    theirs = next(actor for name, actor in users.items() if "fundraiser" in name)
    facts = report(donorhub, "--actor", theirs)
    assert facts["donor_ids"] == [anna, jan]
    assert [row["what"] for row in facts["taken"]] == []
    assert facts["sign_ins"] == []  # a test signs in past the form
    everybody = report(donorhub)
    assert everybody["donor_ids"] == [anna, jan, ewa]
    assert [row["data"]["list"] for row in everybody["taken"]] == ["donors"]
    assert not everybody["concerns_all"]
    assert len(db.session.scalars(select(DonorRead)).all()) == 3


def test_days_are_those_asked_for(database: Flask, donorhub: Donorhub) -> None:
    """What happened before or after is not in it."""
    anna = add_donor().id
    Staff(database, "admin").get(f"/donors/{anna}")
    let_write()
    ended = donorhub("breach", "report", "--since", "2026-11-01", "--until", "2026-11-21")
    assert "donors looked at or copied: 0 (none)" in ended.out
    ended = donorhub("breach", "report", "--since", "2026-11-22", "--until", "2026-11-22")
    assert f"donors looked at or copied: 1 ({anna})" in ended.out
    wrong = donorhub("breach", "report", "--since", "22.11.2026")
    assert wrong.code == 2 and "write a day as 2026-11-22" in wrong.err
