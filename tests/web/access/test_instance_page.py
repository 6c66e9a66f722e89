"""Held: every page says so in the reader's language, and an administrator ends it."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord
from donorhub.services.access import instance
from tests.copies import copied
from tests.web.bank.bank_world import Staff, let_write
from tests.web.desk import rows

BANNERS = {
    "en": "This installation may be a copy",
    "pl": "Ta instalacja może być kopią",
    "sq": "Ky instalim mund të jetë kopje",
}
PAGES = ("/", "/donors", "/gifts", "/bank", "/messages", "/settings", "/account", "/nowhere")


@pytest.mark.parametrize("lang", BANNERS)
def test_every_page_says_that_it_is_held(database: Flask, now: datetime, lang: str) -> None:
    staff = Staff(database, "auditor", lang=lang)
    assert all(BANNERS[lang] not in staff.get(page).text for page in PAGES)
    let_write()
    with copied():
        assert [page for page in PAGES if BANNERS[lang] not in staff.get(page).text] == []
        sign_in = database.test_client().get(f"/sign-in?lang={lang}")
        assert sign_in.status_code == 200 and BANNERS[lang] in sign_in.text


def test_administrator_is_led_to_why(database: Flask) -> None:
    """Who may end it has a link, and the page names each reason; others are told whom to ask."""
    with copied():
        admin, auditor = Staff(database, "admin"), Staff(database, "auditor")
        assert 'href="/settings/instance"' in admin.get("/").text
        assert 'href="/settings/instance"' not in auditor.get("/").text
        assert "An administrator can end that" in auditor.get("/").text
        page = admin.text("/settings/instance")
        assert "The database lies in another folder than before." in page
        assert "The database is another file than before" in page
        assert auditor.get("/settings/instance").status_code == 403


def test_it_is_adopted_once_from_its_page(database: Flask) -> None:
    """One click ends it, posted again it changes nothing; a stale digest does nothing."""
    with copied():
        staff = Staff(database, "admin")
        digest = staff.digest_of("/settings/instance/adopt", at="/settings/instance")
        before = rows()
        refusal = staff.post("/settings/instance/adopt", digest="0" * 64)
        assert refusal.status_code == 422 and rows() == before
        assert staff.post("/settings/instance/adopt", digest=digest).status_code == 302
        assert BANNERS["en"] not in staff.text("/settings/instance")
        assert not instance.is_held()
        let_write()
        after = rows()
        assert staff.post("/settings/instance/adopt", digest=digest).status_code == 302
        assert rows() == after
        record = db.session.scalars(select(AuditRecord).filter_by(what="instance.adopted")).one()
        assert record.actor.startswith("user:") and record.data["reasons"] == ["file", "path"]
