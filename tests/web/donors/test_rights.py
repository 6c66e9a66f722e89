"""A donor's rights on their page: restricting what is done with their data, and erasing as it was shown."""

from __future__ import annotations

import re

from flask import Flask

from donorhub.db import db
from donorhub.models import Donor, Erasure
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, add_gift, rows


def read_digest(page: str) -> str:
    return re.findall(r'name="digest" value="([^"]+)"', page)[0]


def test_page_says_what_goes_and_stays(database: Flask) -> None:
    """What goes is counted, what stays has its reason, and sums are told."""
    donor = add_donor(email="anna@example.org", note="a note")
    add_gift(donor, amount="50.00", thank=False)
    text = Staff(database, "admin").text(f"/donors/{donor.id}/rights")
    assert "Notes, calls and visits: 1" in text
    assert re.search(r"1 gift without a name: \D*50\.00", text)
    assert "the law wants the books kept" in text
    assert "bank entries that nobody has decided yet" in text


def test_no_gifts_are_kept_of_who_gave_none(database: Flask) -> None:
    """Of a donor without gifts the page does not say that gifts stay."""
    page = Staff(database, "admin").text(f"/donors/{add_donor().id}/rights")
    assert "without a name" not in page and "Hashes that nobody can read" in page


def test_donor_is_erased_as_shown_and_once(database: Flask) -> None:
    """A digest of before is refused and nothing is written; with that of now the donor goes, once."""
    staff = Staff(database, "admin")
    donor_id = add_donor(email="anna@example.org").id
    page = f"/donors/{donor_id}"
    stale = read_digest(staff.get(f"{page}/rights").text)
    add_gift(db.session.get_one(Donor, donor_id), thank=False)
    before = rows()
    refusal = staff.post(f"{page}/erase", digest=stale, is_sure="1")
    assert refusal.status_code == 422 and "changed since it was shown" in words_of(refusal.text)
    assert staff.post(f"{page}/erase", is_sure="1").status_code == 422
    assert rows() == before
    digest = read_digest(refusal.text)
    assert staff.post(f"{page}/erase", digest=digest, is_sure="1").status_code == 302
    after = rows()
    assert after["erasure"]
    assert staff.post(f"{page}/erase", digest=digest, is_sure="1").status_code == 302
    assert rows()["erasure"] == after["erasure"]
    gone = staff.get(page)
    assert gone.status_code == 404 and "their gifts stay without a name" in words_of(gone.text)


def test_one_click_erases_nobody(database: Flask) -> None:
    """Without the tick nothing is done, twice; the page says so, and its tick is to be set each time anew."""
    staff = Staff(database, "admin")
    donor_id = add_donor(email="anna@example.org").id
    page = f"/donors/{donor_id}"
    digest = read_digest(staff.get(f"{page}/rights").text)
    before = rows()
    for _ in range(2):
        refusal = staff.post(f"{page}/erase", digest=digest)
        assert refusal.status_code == 422 and "Tick the box to erase the donor." in refusal.text
    assert rows() == before
    changed = staff.post(f"{page}/erase", digest="of before", is_sure="1")
    for answer in (refusal, changed):
        boxes = re.findall(r'<input type="checkbox"[^>]*name="is_sure"[^>]*>', answer.text)
        assert len(boxes) == 1 and "required" in boxes[0] and "checked" not in boxes[0]


def test_restriction_stops_mail_until_lifted(database: Flask) -> None:
    """With a reason the data is only kept; again changes nothing, and it is lifted in the same way."""
    staff = Staff(database, "admin")
    donor_id = add_donor(email="anna@example.org").id
    page = f"/donors/{donor_id}"
    assert staff.post(f"{page}/restriction", is_restricted="1", reason="").status_code == 422
    for _ in range(2):
        assert staff.post(f"{page}/restriction", is_restricted="1", reason="wrong city").status_code == 302
    assert "the donor's data are only kept, not used" in staff.text(page)
    let_write()
    assert db.session.get_one(Donor, donor_id).version == 2
    let_write()
    assert staff.post(f"{page}/restriction", is_restricted="0", reason="mended").status_code == 302
    assert "are only kept, not used" not in staff.text(page)
    words = [row[4] for row in rows()["audit_record"] if row[5] == "donor"]
    assert words == ["donor.created", "donor.restricted", "donor.unrestricted"]
    assert not rows().get(Erasure.__tablename__)


def test_copies_are_sent_as_files(database: Flask) -> None:
    """To read in the donor's language, and for programs; each is in the audit."""
    staff = Staff(database, "admin")
    donor_id = add_donor(email="anna@example.org").id
    page = staff.get(f"/donors/{donor_id}/copy.html")
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert "Wszystko, co o Tobie przechowujemy" in page.text
    assert "anna@example.org" in page.text
    assert staff.get(f"/donors/{donor_id}/copy.json").get_json()["donor_id"] == donor_id
    assert sum(row[4] == "donor.copied" for row in rows()["audit_record"]) == 2
