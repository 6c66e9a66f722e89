"""A list as a file holds what its pages show, row by row: their order, filter, words, rights and masks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import pytest
from babel.dates import format_date
from flask import Flask

from donorhub.money import Money
from receipts.figures import write_amount
from tests.conftest import fill_once
from tests.web.bank.bank_world import Staff
from tests.web.moving.list_world import (
    PAGES,
    fetch_csv,
    fill_base,
    list_heads,
    list_rows,
    read_words,
    walk_pages,
)

LANGS = ("en", "pl", "sq")
Cells = Sequence[str]
Show = Callable[[Cells, str], list[str]]


def show_day(text: str, lang: str) -> str:
    return format_date(date.fromisoformat(text), "medium", locale="en_GB" if lang == "en" else lang)


def show_moment(text: str, lang: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{format_date(moment.date(), 'medium', locale='en_GB' if lang == 'en' else lang)}, {moment:%H:%M}"


def show_money(amount: str, currency: str, lang: str) -> str:
    return write_amount(Money.parse(amount, currency), lang).replace("\N{NO-BREAK SPACE}", " ")


def join(*texts: str) -> str:
    return " ".join(text for text in texts if text)


def text(cell: str) -> str:
    """A text without the mark that keeps it from being a formula."""
    return cell.removeprefix("'")


def show_donor(cells: Cells, lang: str) -> list[str]:
    name, kind, stage, code, email, city, tags = cells
    person = {"en": "Person", "pl": "Osoba", "sq": "Person"}[lang]
    lead = join(text(name), "" if kind == person else kind)
    return [lead, stage, code, email or "–", text(city) or "–", text(tags) or "–"]


def show_gift(cells: Cells, lang: str) -> list[str]:
    day, donor, method, test, taken, funds, amount, currency = cells
    return [
        show_day(day, lang),
        text(donor),
        join(method, test, taken),
        funds,
        show_money(amount, currency, lang),
    ]


def show_recurring_gift(cells: Cells, lang: str) -> list[str]:
    donor, test, kind, rhythm, state, waits_for, since, amount, currency = cells
    return [
        join(donor, test),
        kind,
        rhythm,
        join(state, waits_for),
        show_day(since, lang),
        show_money(amount, currency, lang),
    ]


def show_late_instalment(cells: Cells, lang: str) -> list[str]:
    due, days, donor, phone, state, _known_to, amount, currency = cells
    days_word = {"en": "days", "pl": "dni", "sq": "ditë"}[lang]
    return [
        f"{show_day(due, lang)} {days} {days_word}",
        donor,
        text(phone),
        state,
        show_money(amount, currency, lang),
    ]


def show_receipt(cells: Cells, lang: str) -> list[str]:
    number, day, donor, state, pdf, amount, currency = cells
    return [number, show_day(day, lang), donor, join(state, pdf), show_money(amount, currency, lang)]


def show_message(cells: Cells, lang: str) -> list[str]:
    planned_at, to_address, subject, state = cells
    return [show_moment(planned_at, lang), to_address, text(subject), state]


def show_audit_record(cells: Cells, lang: str) -> list[str]:
    at, actor, what, _details, subject = cells
    return [show_moment(at, lang), actor, what, subject or "–"]


SHOW: Mapping[str, Show] = {
    "donors": show_donor,
    "gifts": show_gift,
    "recurring-gifts": show_recurring_gift,
    "late-instalments": show_late_instalment,
    "receipts": show_receipt,
    "messages": show_message,
    "audit-records": show_audit_record,
}
# Where a page says more in a cell than the file in one: what stands before is compared.
SAYS_MORE = {"late-instalments": 3, "audit-records": 2}
FILTERS = {
    "donors": ("", "?q=zofia", "?speaks=sq", "?stage=new&speaks=pl", "?q=zo", "?giving=not_again"),
    "gifts": ("", "?first=2026-11-20&last=2026-11-21", "?method=card", "?donor=1"),
    "recurring-gifts": ("", "?state=running", "?donor=2"),
    "late-instalments": ("", "?state=late"),
    "receipts": ("", "?state=void", "?year=2026"),
    "messages": ("", "?state=unknown"),
    "audit-records": ("", "?what=gift.recorded", "?first=2026-11-22&last=2026-11-22"),
}


@pytest.fixture
def app(database: Flask) -> Flask:
    fill_once(database, "lists", lambda: fill_base(database))
    return database


def assert_same(staff: Staff, name: str, query: str, lang: str) -> int:
    """The rows of all pages are those of the file; gives how many there are."""
    path = PAGES[name] + query
    pages = list(walk_pages(staff, path))
    shown = [row for page in pages for row in list_rows(page)]
    if not shown:
        assert "/download" not in pages[0], "an empty list is no file"
        return 0
    head, *rows = fetch_csv(staff, path)
    assert [one for one in head if one in list_heads(pages[0])] == list_heads(pages[0])
    expected = [SHOW[name](row, lang) for row in rows]
    place = SAYS_MORE.get(name)
    for shown_row, expected_row in zip(shown, expected, strict=True):
        if place is not None:
            assert shown_row[place].startswith(expected_row[place]), (name, query)
            shown_row[place] = expected_row[place]
        assert shown_row == expected_row, (name, query, lang)
    return len(rows)


def test_file_holds_what_its_pages_show(app: Flask) -> None:
    """Every list with every filter, in each language: all rows of all pages, cell by cell."""
    staff = {lang: Staff(app, "admin", lang=lang) for lang in LANGS}
    counts = {
        (name, query): assert_same(staff[lang], name, query, lang)
        for name, queries in FILTERS.items()
        for place, query in enumerate(queries)
        for lang in (LANGS if place == 0 else LANGS[place % 3 : place % 3 + 1])
    }
    assert counts["donors", ""] == 64 and counts["gifts", ""] > 70 and counts["audit-records", ""] > 50
    empty = {place for place, count in counts.items() if not count}
    assert empty <= {("donors", "?giving=not_again"), ("donors", "?stage=new&speaks=pl")}, empty


def show_task(cells: Cells, may_see_amounts: bool) -> str:
    kind, title, donor, *amount, due_on, overdue, done_at = cells
    amount_shown = show_money(*amount, "en") if amount and amount[0] else ""
    assert may_see_amounts or not amount
    day = f"done on {show_moment(done_at, 'en')}" if done_at else f"due {show_day(due_on, 'en')}"
    return join(title or kind, " · ".join(filter(None, (text(donor), amount_shown, day))), overdue)


def list_items(page: str, mark: str) -> list[str]:
    return [read_words(item) for item in re.findall(rf"<li{mark}.*?</li>", page, re.DOTALL)]


def assert_same_tasks(staff: Staff, view: str, *, may_see_amounts: bool) -> int:
    pages = list(walk_pages(staff, f"/tasks?view={view}"))
    todo = [re.search(r'<ul class="plain todo">(.*?)</ul>', page, re.DOTALL) for page in pages]
    shown = [item for part in todo if part for item in list_items(part.group(1), ">")]
    if shown:
        _head, *rows = fetch_csv(staff, f"/tasks?view={view}")
        assert [show_task(row, may_see_amounts) for row in rows] == shown, view
    return len(shown)


def test_tasks_hold_what_their_pages_show(app: Flask) -> None:
    """Tasks of each view, with the amounts in them for whom they are, and those of one's own list."""
    staff = {role: Staff(app, role) for role in ("admin", "communications", "caller")}
    (task, *_) = re.findall(r'href="(/tasks/[0-9]+)"', staff["admin"].get("/tasks?view=today").text)
    assert staff["admin"].post(f"{task}/done", outcome="spoke").status_code == 302
    counts = {
        (role, view): assert_same_tasks(someone, view, may_see_amounts=role == "admin")
        for role, someone in staff.items()
        for view in ("today", "later", "mine", "all", "done")
    }
    assert counts["admin", "all"] > 60 and counts["admin", "done"] == 1
    assert counts["caller", "all"] < counts["admin", "all"]


def test_entries_hold_what_their_pages_show(app: Flask) -> None:
    """Entries of each tab in their order, the payer's account masked as on the page, and what was decided."""
    staff, count = Staff(app, "admin"), 0
    for tab in ("to-decide", "doubtful", "unclaimed", "matched", "not-gifts"):
        shown = [
            item for page in walk_pages(staff, f"/bank/{tab}") for item in list_items(page, ' id="e[0-9]+"')
        ]
        _head, *rows = fetch_csv(staff, f"/bank/{tab}") if shown else [[]]
        for item, cells in zip(shown, rows, strict=True):
            assert item.startswith(show_entry(cells)), (item, cells)
            kind, donor, payout, decided_by, decided_at = cells[9:]
            assert (kind, payout) == ({"matched": "a gift", "not-gifts": "not a gift"}.get(tab, ""), "")
            if kind:
                assert donor in item and show_moment(decided_at, "en") in item and decided_by
            count += 1
    assert count >= 4


def show_entry(cells: Cells) -> str:
    day, account, payer_account, decide_by, payer, payments, remittance, amount, currency = cells[:9]
    return join(
        f"{show_day(day, 'en')} · {account}",
        f"· {payer_account}" if payer_account else "",
        f"· decide by {show_day(decide_by, 'en')}" if decide_by else "",
        text(payer) or f"{payments} payments",
        text(remittance),
        show_money(amount, currency, "en"),
    )


def test_each_role_takes_what_it_sees(app: Flask) -> None:
    """A role has the rows and columns in a file that it has on its pages, and no list that it may not see."""
    refused = set()
    for role in ("steward", "fundraiser", "communications", "accountant", "caller", "auditor"):
        staff = Staff(app, role)
        for name, path in PAGES.items():
            if staff.get(path).status_code == 403:
                answer = staff.get(f"{path.replace('to-decide', 'entries')}/download")
                assert answer.status_code == 403, (role, name)
                refused.add((role, name))
            elif name in SHOW:
                assert_same(staff, name, "", "en")
    assert {("caller", "gifts"), ("communications", "gifts"), ("fundraiser", "audit-records")} <= refused
    assert ("auditor", "audit-records") not in refused


def test_names_of_the_polish_columns(app: Flask) -> None:
    """The heads are words of the reader's language, with the currency beside the amount."""
    staff = Staff(app, "admin", lang="pl")
    assert fetch_csv(staff, "/gifts")[0] == [
        "Wpływ",
        "Darczyńca",
        "Sposób",
        "Test",
        "Odjęto",
        "Fundusz",
        "Kwota",
        "Waluta",
    ]
