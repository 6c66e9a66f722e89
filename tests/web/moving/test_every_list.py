"""Every page that shows a list has it as a file: the application's own map of addresses against a table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from flask import Flask

from donorhub.services.moving.lists import LISTS
from donorhub.web.words import lists
from tests.web.bank.bank_world import Staff
from tests.web.moving.list_world import fill_base

NOT_PAGES: Final = ("static", "security.", "health", "downloads.send_", "api")
WITHOUT_PAGE: Final = {"payouts"}  # a list of the API and the command line only


def read_table() -> dict[str, str]:
    """Each page's list, or "-" where it shows none."""
    lines = (Path(__file__).parents[2] / "lists_out.txt").read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    return {word[0]: word[1] for word in words}


def list_pages(app: Flask) -> set[str]:
    """Every page that is got, its arguments without their names but for those of words."""
    paths = set()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith(NOT_PAGES):
            named = re.sub(r"<any\(.*?\):(\w+)>", r"<\1>", rule.rule)
            paths.add(re.sub(r"<int:\w+>", "<>", named))
    return paths


def test_every_page_says_which_list_it_shows(app: Flask) -> None:
    """No page comes without it being said whether its list can be had as a file."""
    assert sorted(read_table()) == sorted(list_pages(app))


def test_every_list_is_under_its_page(database: Flask) -> None:
    """Each list has a page, and each of these pages offers both forms of it, which are there."""
    fill_base(database)
    staff, table = Staff(database, "admin"), read_table()
    assert set(table.values()) - {"-"} == set(LISTS) - WITHOUT_PAGE
    for path, name in table.items():
        if name == "-":
            continue
        page = staff.get(path.replace("<tab>", "to-decide")).text
        links = re.findall(r'href="([^"]+/download\?[^"]+)"', page)
        assert len(links) == 2, path
        assert [staff.get(link.replace("&amp;", "&")).status_code for link in links] == [200, 200], path


def test_every_column_and_filter_has_a_name() -> None:
    """Each column, filter and code of each list has a word for people, and no word is of none."""
    for name, list_out in LISTS.items():
        keys = {column.key for column in list_out.columns}
        money = {"currency"} if any(column.kind == "money" for column in list_out.columns) else set()
        assert set(lists.COLUMNS[name]) == keys | money, name
        for one in list_out.filters:
            assert one.key in lists.FILTERS
            assert set(one.words) <= set(lists.CODES[name].get(one.key, one.words)), (name, one.key)
            assert one.kind != "word" or one.key in lists.CODES[name], (name, one.key)
        assert set(lists.CODES[name]) <= keys | {one.key for one in list_out.filters}
    assert set(lists.COLUMNS) == set(lists.TITLES) == set(lists.CODES) == set(LISTS)
    assert set(lists.FILTERS) == {one.key for list_out in LISTS.values() for one in list_out.filters}
