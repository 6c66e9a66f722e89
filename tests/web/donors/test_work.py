"""Working on a donor's page: note, call, visit and task in one step each, without a script."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Interaction, Task, User
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, add_gift, key_in, rows

CALL = {
    "kind": "call",
    "direction": "out",
    "outcome": "reached",
    "at": "2026-11-21T10:15",
    "text": "wants less mail",
}


def test_note_is_kept_and_shown(database: Flask) -> None:
    """A note stands in the timeline with who wrote it; the same form again adds none."""
    staff = Staff(database, "communications")
    page = f"/donors/{add_donor().id}"
    key = key_in(staff.get(page).text)
    for _ in range(2):
        assert staff.post(f"{page}/notes", key=key, note="Prefers letters.\nLikes ë").status_code == 302
    shown = staff.text(page)
    assert shown.count("Prefers letters. Likes ë") == 1 and "Ann communications" in shown
    let_write()
    assert [row.text for row in db.session.scalars(select(Interaction))] == ["Prefers letters.\nLikes ë"]


def test_call_with_what_comes_next(database: Flask) -> None:
    """A call, what came of it and the task that follows are one form, and the last contact is that call."""
    staff = Staff(database, "fundraiser")
    page = f"/donors/{add_donor().id}"
    user_id = db.session.scalars(select(User.id)).one()
    key = key_in(staff.get(page).text)
    next_task = {"next_title": "Send the report", "next_due_on": "2026-11-30", "next_assignee_id": user_id}
    for _ in range(2):
        assert staff.post(f"{page}/contacts", key=key, **CALL, **next_task).status_code == 302
    shown = staff.text(page)
    assert "Last contact: Call, 21 Nov 2026" in shown
    assert ": reached" in shown and "wants less mail" in shown and "Send the report" in shown
    let_write()
    task = db.session.scalars(select(Task).filter_by(kind="by_hand")).one()
    call = db.session.scalars(select(Interaction)).one()
    assert (task.title, task.assignee_id, call.task_id) == ("Send the report", user_id, task.id)
    assert call.at.isoformat() == "2026-11-21T09:15:00+00:00"  # what the clock in Warsaw showed
    assert "Send the report" in staff.text("/tasks?view=all")
    assert "Send the report" in staff.text(f"/tasks/{task.id}")


def test_task_is_planned_from_the_page(database: Flask) -> None:
    """A task by hand stands in the list of tasks under its own words."""
    staff = Staff(database, "caller")
    let_write()
    me = db.session.scalars(select(User.id)).one()
    page = f"/donors/{add_donor(owner_id=me).id}"
    key = key_in(staff.get(page).text)
    for _ in range(2):
        answer = staff.post(
            f"{page}/tasks", key=key, title="Ask about <b>", due_on="2026-11-22", assignee_id=""
        )
        assert answer.status_code == 302
    assert "Ask about <b>" in staff.text("/tasks") and "<b>" not in staff.get("/tasks").text


@pytest.mark.parametrize(
    ("path", "wrong", "sentence"),
    [
        ("notes", {"note": " "}, "Please fill this in."),
        ("contacts", {**CALL, "at": "2026-11-23T10:00"}, "give the time when it happened"),
        ("contacts", {**CALL, "at": "yesterday"}, "Please give a date."),
        ("contacts", {**CALL, "at": "0001-01-01T00:00"}, "Please give a date."),
        ("contacts", {**CALL, "outcome": "", "text": ""}, "Please fill this in."),
        ("contacts", {**CALL, "kind": "visit"}, "Please choose one of the list."),
        ("contacts", {**CALL, "next_title": "x", "next_due_on": "2026-11-01"}, "due today or later"),
        ("tasks", {"title": "x", "due_on": "2026-11-21"}, "due today or later"),
        ("tasks", {"title": "", "due_on": "2026-11-22"}, "Please fill this in."),
        (
            "tasks",
            {"title": "x", "due_on": "2026-11-22", "assignee_id": "4711"},
            "Please choose one of the list.",
        ),
    ],
)
def test_what_is_wrong_stands_at_its_form(
    database: Flask, path: str, wrong: dict[str, str], sentence: str
) -> None:
    """A form that is wrong comes back on the donor's page with what was typed, and nothing is kept."""
    staff = Staff(database, "fundraiser")
    page = f"/donors/{add_donor().id}"
    key = key_in(staff.get(page).text)
    before = rows()
    answer = staff.post(f"{page}/{path}", key=key, **wrong)
    assert answer.status_code == 422
    assert sentence in words_of(answer.text)
    assert all(
        f">{text}<" in answer.text or f'value="{text}"' in answer.text
        for name, text in wrong.items()
        if text.strip() and name != "assignee_id"  # nobody whom a list offers
    )
    assert rows() == before


def test_what_was_written_is_corrected(database: Flask) -> None:
    """A correction is shown in place of what it corrects, which stands on its page; a late one is refused."""
    staff = Staff(database, "steward")
    page = f"/donors/{add_donor().id}"
    staff.post(f"{page}/contacts", key=key_in(staff.get(page).text), **CALL)
    link = re.findall(rf'href="({page}/interactions/\d+)"', staff.get(page).text)[0]
    assert 'value="2026-11-21T10:15"' in staff.get(link).text
    right = {**CALL, "text": "wants more mail"}
    assert staff.post(link, **right).status_code == 302
    shown = staff.text(page)
    assert "wants more mail" in shown and "wants less mail" not in shown and "corrected" in shown
    newer = re.findall(rf'href="({page}/interactions/\d+)"', staff.get(page).text)[0]
    assert "Written before" in staff.text(newer) and "wants less mail" in staff.text(newer)
    before = rows()
    assert staff.post(link, **right).status_code == 422
    assert rows() == before
    assert "This was corrected on" in staff.text(link)


def test_other_lists_are_closed_to_a_caller(database: Flask) -> None:
    """A caller works on their own list only: another donor is not there, and nothing is kept."""
    staff = Staff(database, "caller")
    page = f"/donors/{add_donor().id}"
    before = rows()
    assert staff.post(f"{page}/notes", key="k" * 20, note="x").status_code == 404
    assert staff.post(f"{page}/contacts", key="k" * 20, **CALL).status_code == 404
    assert staff.post(f"{page}/tasks", key="k" * 20, title="x", due_on="2026-11-22").status_code == 404
    assert rows() == before


def test_reader_sees_no_form(database: Flask) -> None:
    """Whoever only reads is offered nothing, and is refused where they send it all the same."""
    staff = Staff(database, "auditor")
    page = f"/donors/{add_donor().id}"
    assert "Keep the note" not in staff.text(page)
    assert staff.post(f"{page}/notes", key="k" * 20, note="x").status_code == 403


def test_tag_is_given_and_taken_away(database: Flask) -> None:
    """A tag given on the page gathers its donors in the list, and taken away it is gone from both."""
    staff = Staff(database, "fundraiser")
    anna, ewa = add_donor().id, add_donor("Ewa Nowak").id
    page = f"/donors/{anna}"
    for sentence in ("has the tag “Łódź <b>” now", "had the tag “Łódź <b>” already"):
        assert staff.post(f"{page}/tags", name="Łódź <b>").status_code == 302
        assert sentence in staff.text(page)
    link = re.findall(r'href="(/donors\?tag=\d+)"', staff.get(page).text)[0]
    assert "Anna Kowalska" in staff.text(link) and "Ewa Nowak" not in staff.text(link)
    assert "selected>Łódź &lt;b&gt;</option>" in staff.get(link).text
    assert "Łódź <b>" in staff.get(f"/donors/download?form=csv&tag={link[-1]}").text
    action = f"{page}/tags/{link[-1]}/remove"
    assert action in staff.get(page).text
    for _ in range(2):
        assert staff.post(action).status_code == 302
    assert "Nobody has this tag." in staff.text(link)
    before = rows()
    wrong = staff.post(f"/donors/{ewa}/tags", name="…")
    assert wrong.status_code == 422 and "A tag needs a letter or a digit." in words_of(wrong.text)
    assert rows() == before
    reader = Staff(database, "communications")
    assert reader.post(f"{page}/tags", name="x").status_code == 403


def test_timeline_is_narrowed_by_kind(database: Flask) -> None:
    """Each part of the timeline shows its own kinds, page by page, and says when it is empty."""
    staff = Staff(database, "fundraiser")
    donor = add_donor()
    page = f"/donors/{donor.id}"
    for number in range(30):
        add_gift(donor, ref=f"g{number}")
    staff.post(f"{page}/contacts", key=key_in(staff.get(page).text), **CALL)
    shown = staff.text(f"{page}?show=interactions")
    assert "wants less mail" in shown and "Gift PLN 50.00" not in shown
    first = staff.get(f"{page}?show=gifts").text
    assert words_of(first).count("Gift PLN 50.00") == 25 and "wants less mail" not in first
    following = re.findall(r'href="([^"]+)" rel="next"', first)[0].replace("&amp;", "&")
    second = staff.text(following)
    assert "show=gifts" in following
    assert second.count("Gift PLN 50.00") == 5 and "Donor added" not in second
    assert "Nothing of this kind happened yet." in staff.text(f"{page}?show=receipts")
    assert "Donor added" in staff.text(f"{page}?show=nonsense")
    assert re.search(r'show=gifts#timeline" aria-current="page"', first)


def test_page_says_what_may_be_sent(database: Flask) -> None:
    """For thanks and for receipts the page says whether a mail may go, and why not."""
    staff = Staff(database, "fundraiser")
    anna = add_donor(email="anna@example.org").id
    no_mail = add_donor("Ewa Nowak").id
    silent = add_donor("Jan Nowak", email="jan@example.org", do_not_contact=True).id
    dead = add_donor("Ola Nowak", email="ola@example.org", is_deceased=True).id
    assert "Thanks by e-mail allowed Receipts by e-mail allowed" in staff.text(f"/donors/{anna}")
    shown = staff.text(f"/donors/{no_mail}")
    assert "Thanks by e-mail not allowed there is no address or number" in shown
    shown = staff.text(f"/donors/{silent}")
    assert "Thanks by e-mail not allowed the donor wants no contact Receipts by e-mail allowed" in shown
    shown = staff.text(f"/donors/{dead}")
    assert "Receipts by e-mail not allowed the donor has died" in shown
    said = {"donor_role": "target", "stance": "", "role_since_on": "2026-11-20"}
    staff.post(f"/donors/{anna}/roles", **said)
    shown = staff.text(f"/donors/{anna}")
    assert "Thanks by e-mail not allowed the donor is a target of a campaign" in shown
    assert "Receipts by e-mail allowed" in shown


def test_giving_is_drawn_and_told(database: Flask) -> None:
    """The bars of a donor's years stand beside a table of the same numbers, for who may see amounts."""
    donor = add_donor()
    page = f"/donors/{donor.id}"
    staff = Staff(database, "fundraiser")
    assert '<svg class="chart small"' not in staff.get(page).text
    add_gift(donor, "50.00")
    add_gift(donor, "20.00", on=date(2024, 5, 1))
    shown = staff.get(page).text
    assert shown.count("<rect") == 2 and 'aria-label="Given in each year, in PLN"' in shown
    assert "2024 PLN 0.00 PLN 20.00 PLN 20.00 2025" in words_of(shown)
    hidden = Staff(database, "communications").get(page).text
    assert '<svg class="chart small"' not in hidden and "20.00" not in hidden
