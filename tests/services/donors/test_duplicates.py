"""Who may be there already, for somebody who sees their own list: of others' lists nobody is told."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from donorhub.services.access import users
from donorhub.services.access.row_scope import narrow_reading
from donorhub.services.donors import donors, duplicates
from donorhub.services.donors.donor_fields import DonorFields

ME = "system:0"
NAME: DonorFields = {"name": "Anna Kowalska", "given_name": "Anna", "family_name": "Kowalska"}


def test_namesakes_of_others_hide_no_own(
    database: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many bear a name on other lists, that of the own list is found."""
    monkeypatch.setattr(duplicates, "MOST_NAMESAKES", 3)
    duplicates._select_towns.cache_clear()
    caller = users.create_user(
        "caller@example.org",
        name="Cal",
        password="correct horse battery",
        roles=["caller"],
        now=now,
        actor=ME,
    )
    for _number in range(6):
        donors.create_donor({**NAME, "city": "Łódź"}, source="form", now=now, actor=ME)
    own = donors.create_donor(
        {**NAME, "city": "Łódź", "owner_id": caller.id}, source="form", now=now, actor=ME
    )
    with narrow_reading(frozenset({caller.id})):
        assert [one.id for one in duplicates.list_alike({**NAME, "city": "Łódź"})] == [own.id]
    duplicates._select_towns.cache_clear()


@pytest.mark.parametrize(
    "fields",
    [{"name": "A. K.", "email": "anna@example.org"}, {**NAME, "city": "Łódź"}],
    ids=["an e-mail", "a name in a place"],
)
def test_alike_are_those_of_the_own_list(database: Flask, now: datetime, fields: DonorFields) -> None:
    """Whoever enters a donor is asked about those of their list alone, whichever way they are alike."""
    caller = users.create_user(
        "caller@example.org",
        name="Cal",
        password="correct horse battery",
        roles=["caller"],
        now=now,
        actor=ME,
    )
    known: DonorFields = {**NAME, "email": "anna@example.org", "city": "Łódź"}
    other, own = (
        donors.create_donor({**known, "owner_id": owner_id}, source="form", now=now, actor=ME)
        for owner_id in (None, caller.id)
    )
    assert [one.id for one in duplicates.list_alike(fields)] == [other.id, own.id]
    with narrow_reading(frozenset({caller.id})):
        assert [one.id for one in duplicates.list_alike(fields)] == [own.id]
    with narrow_reading(frozenset()):
        assert duplicates.list_alike(fields) == []
