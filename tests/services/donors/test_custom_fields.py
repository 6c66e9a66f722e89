"""Fields of the organisation's own: each has a key and a name that no other has."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import CustomField
from donorhub.services.donors import custom_fields


@pytest.mark.parametrize("labels", [{"en": "Hobby"}, {"pl": " hobby "}, {"sq": "Sport", "pl": "HOBBY"}])
def test_second_field_of_a_name_is_refused(database: Flask, now: datetime, labels: dict[str, str]) -> None:
    """A button that is clicked twice adds one field, in whichever language the name is said."""
    custom_fields.create_field("text", {"en": "Hobby"}, now=now, actor="user:1")
    with pytest.raises(Conflict) as refused:
        custom_fields.create_field("text", labels, now=now, actor="user:1")
    assert refused.value.specific_code == "field_name_taken"
    assert [field.labels for field in db.session.scalars(select(CustomField))] == [{"en": "Hobby"}]


def test_field_is_not_named_as_another(database: Flask, now: datetime) -> None:
    """A field keeps its own name, and does not take that of another, archived or not."""
    custom_fields.create_field("text", {"en": "Hobby"}, now=now, actor="user:1")
    sport = custom_fields.create_field("text", {"en": "Sport"}, now=now, actor="user:1")
    db.session.commit()
    with pytest.raises(Conflict) as refused:
        custom_fields.change_field(sport, {"labels": {"pl": "hobby"}}, now=now, actor="user:1")
    assert refused.value.specific_code == "field_name_taken"
    assert sport.labels == {"en": "Sport"}
    assert custom_fields.change_field(sport, {"labels": {"en": "SPORT"}}, now=now, actor="user:1")
