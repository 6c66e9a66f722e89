"""A form of a page: what its schema makes of what was sent, or a sentence beside each field that is wrong.

Form only: whether a thing exists or is allowed, the services say, and their answer
about a field lands here as well.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from datetime import date, datetime
from types import TracebackType
from typing import Any, Final

from flask_babel import gettext
from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import MultiDict

from donorhub import clock
from donorhub.db import MAX_ID, db, set_reading
from donorhub.errors import DonorHubError, NotFound
from donorhub.models.states import Word, find_word
from donorhub.schemas.faults import list_faults
from donorhub.schemas.fields import Currency, Day, Id, Line, Whole
from donorhub.schemas.limits import EARLIEST, LATEST, SHORT, TEXT_OF_OURS
from donorhub.services.access import organisation
from donorhub.web.form_values import LEFT_OUT, FormTexts, convert_text, find_field, read_whole_number
from donorhub.web.words import refusals
from donorhub.web.words.faults import write_fault

_LOCAL_MOMENT: Final = "%Y-%m-%dT%H:%M"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Refused(Exception):
    """The form has errors: nothing is to be done. Only :meth:`Form.saving` catches it."""


class Form:
    """What was sent, or what the fields start with, and what is wrong, field by field."""

    def __init__(
        self, texts: MultiDict[str, str] | None = None, start: Mapping[str, object] | None = None
    ) -> None:
        self.texts = texts
        self.start = dict(start or {})
        self.errors: dict[str, str] = {}

    # ------------------------------------------------------------ what the page shows

    def get_value(self, name: str) -> str:
        """Return what the field shows: what was sent, else what it starts with."""
        if self.texts is not None:
            return self.texts.get(name, "")
        value = self.start.get(name)
        return "" if value is None or value is False else str(value)

    def list_values(self, name: str) -> list[str]:
        """Return what is ticked of several."""
        if self.texts is not None:
            return self.texts.getlist(name)
        values = self.start.get(name)
        return [str(value) for value in values] if isinstance(values, list | tuple | set) else []

    def list_ids(self, name: str) -> list[int]:
        """Return the ids of rows that a form names several times; what can be nobody's is left out."""
        ids = [read_row_id(text) for text in self.list_values(name)]
        return [id_ for id_ in ids if id_ is not None]

    def describe_by(self, name: str, hint: str) -> str:
        """Return the ids of what is written under a field: its hint, and what is wrong with it."""
        ids = [f"h-{name}"] if hint else []
        return " ".join([*ids, f"e-{name}"] if name in self.errors else ids)

    def add_error(self, name: str, sentence: str) -> None:
        """Write a sentence beside a field that has none; under the name "", above all of them."""
        self.errors.setdefault(name, sentence)

    # ------------------------------------------------------------ what a schema says of it

    def load_fields(self, schema: Schema, names: Mapping[str, str] | None = None) -> Any:
        """Return what the schema makes of the form; raise Refused where it, or a field read before, is wrong.

        ``names`` tells what the form calls a field where the schema has another name for it. A field
        that the form does not have is left out.
        """
        names = names or {}
        texts = FormTexts(self._find_text, self.list_values, names)
        try:
            values = schema.load(texts.collect_values(schema))
        except ValidationError as e:
            for path, fault in list_faults(e.messages):
                name, field = find_field(schema, path, names)
                self.add_error(name, write_fault(fault, field))
            raise Refused from e
        self.refuse_errors()
        return values

    def refuse_errors(self) -> None:
        """Raise Refused where something is wrong."""
        if self.errors:
            raise Refused

    def _find_text(self, name: str) -> str | None:
        if self.texts is None:
            return self.get_value(name)
        return self.texts.get(name)

    def _read_field(self, name: str, field: fields.Field[Any]) -> Any:
        """Return what one field of a schema makes of a text; None where it is empty or wrong."""
        value = convert_text(self.get_value(name), field)
        if value is LEFT_OUT or value is None:
            return None
        try:
            return field.deserialize(value)
        except ValidationError as e:
            for _path, fault in list_faults(e.messages):
                self.add_error(name, write_fault(fault, field))
            return None

    # ------------------------------------------------------------ fields of a page alone

    def read_line(self, name: str, limit: int = SHORT) -> str:
        """Return one line of text, empty where it is wrong."""
        return self._read_field(name, Line(limit)) or ""

    def read_lines(self, name: str, limit: int = TEXT_OF_OURS) -> str:
        """Return a text of several lines, with an error beside the field where it is too long."""
        text = self.get_value(name).replace("\r\n", "\n").strip()
        if len(text) > limit:
            self.add_error(name, gettext("The text is longer than %(name)s letters.", name=limit))
        return text

    def read_day(self, name: str) -> date | None:
        """Return a day; None where the field is empty or wrong."""
        day: date | None = self._read_field(name, Day())
        return day

    def get_day(self, name: str) -> date:
        """Return a day that has to be there; the first of all where it is not, which is an error."""
        day = self.read_day(name)
        if day is None:
            self.add_error(name, gettext("Please give a date."))
        return day or date.min

    def get_moment(self, name: str) -> datetime:
        """Return day and time where the organisation is; now where they are not there, which is an error."""
        try:
            moment = datetime.fromisoformat(self.get_value(name))
        except ValueError:
            moment = None
        if moment is not None and EARLIEST.year <= moment.year <= LATEST.year:
            return moment.replace(tzinfo=organisation.get_zone())
        self.add_error(name, gettext("Please give a date."))
        return clock.now()

    def read_currency(self, name: str) -> str:
        """Return a currency, empty where none is named or it is wrong."""
        return self._read_field(name, Currency()) or "" if self.get_value(name).strip() else ""

    def read_choice(self, name: str, words: Collection[Word]) -> Word:
        """Return one of the words: the first where another was sent, which is then an error."""
        word = find_word(self.get_value(name), words)
        if word is None:
            self.add_error(name, gettext("Please choose one of the list."))
            return next(iter(words))
        return word

    def choose_row(self, name: str, ids: Collection[int]) -> int | None:
        """Return the id of one of the rows offered; None where nothing is chosen."""
        id_ = self.read_id(name)
        if id_ is not None and id_ not in ids:
            self.add_error(name, gettext("Please choose one of the list."))
            return None
        return id_

    def read_number(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number; None where the field is empty or wrong."""
        number: int | None = self._read_field(name, Whole(low, high))
        return number

    def read_id(self, name: str) -> int | None:
        """Return the id of a row, which may be there or not; None where the field is empty or holds none."""
        id_: int | None = self._read_field(name, Id())
        return id_

    def is_ticked(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return bool(self.get_value(name))

    def read_key(self) -> str:
        """Return the form's own key: sent twice, the form is done once."""
        key = self.get_value("key")
        if not _KEY.fullmatch(key):
            self.add_error("", gettext("Please load the form anew and send it again."))
        return key

    def start_saving(self, names: Mapping[str, str] | None = None) -> Saving:
        """Return what is put around the service calls: an error of theirs becomes one of the form.

        ``names`` tells what the form calls a field where the service has another name for it.
        """
        return Saving(self, names or {})


class Saving:
    """Around the service calls of one form; after an error nothing is changed and the page comes back."""

    def __init__(self, form: Form, names: Mapping[str, str]) -> None:
        self._form, self._names = form, names

    def __enter__(self) -> Saving:
        return self

    def refuse_errors(self) -> None:
        """Raise Refused where a field could not be read: this block is left, and nothing is done."""
        self._form.refuse_errors()

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if isinstance(error, NotFound) and error.field is None:
            return False
        if isinstance(error, DonorHubError):
            name = (error.field or "").rpartition("/")[2]
            self._form.add_error(self._names.get(name, name), refusals.write_refusal(error))
        elif not isinstance(error, Refused):
            return False
        db.session.rollback()
        set_reading(True)  # the page that says why writes nothing
        return True


def read_row_id(text: str | None) -> int | None:
    """Return the id that an address names; None where it can be nobody's."""
    id_ = read_whole_number(text or "")
    return id_ if id_ is not None and 1 <= id_ <= MAX_ID else None


def write_local_moment(moment: datetime) -> str:
    """Return an instant as a field for day and time holds it, in the organisation's time zone."""
    return organisation.get_local(moment).strftime(_LOCAL_MOMENT)


def make_key() -> str:
    """Return a key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)
