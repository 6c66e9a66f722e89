"""Reading what a form sent: texts, days, amounts, choices, each refused with a sentence beside its field.

Form only: whether a thing exists or is allowed, the services say, and their answer
about a field lands here as well.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from datetime import date
from types import TracebackType
from typing import Final

from flask_babel import gettext, ngettext
from werkzeug.datastructures import MultiDict

from donorhub.db import MAX_ID, db, set_reading
from donorhub.domain import plain_text
from donorhub.errors import DonorHubError, NotFound
from donorhub.models.states import Word, find_word
from donorhub.money import Money, is_currency
from donorhub.schemas.limits import EARLIEST, LATEST, MAX_MINOR, SHORT
from donorhub.web.words import refusals
from importers.text import parse_amount

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Refused(Exception):
    """The form has errors: nothing is to be done. Only :meth:`Form.saving` catches it."""


class Form:
    """What was sent, or what the fields start with, and what is wrong, field by field."""

    def __init__(
        self, sent: MultiDict[str, str] | None = None, start: Mapping[str, object] | None = None
    ) -> None:
        self.sent = sent
        self.start = dict(start or {})
        self.errors: dict[str, str] = {}

    def value(self, name: str) -> str:
        """What the field shows: what was sent, else what it starts with."""
        if self.sent is not None:
            return self.sent.get(name, "")
        value = self.start.get(name)
        return "" if value is None or value is False else str(value)

    def values_of(self, name: str) -> list[str]:
        """What is ticked of several."""
        if self.sent is not None:
            return self.sent.getlist(name)
        values = self.start.get(name)
        return [str(value) for value in values] if isinstance(values, list | tuple | set) else []

    def describe_by(self, name: str, hint: str) -> str:
        """The ids of what is written under a field: its hint, and what is wrong with it."""
        ids = [f"h-{name}"] if hint else []
        return " ".join([*ids, f"e-{name}"] if name in self.errors else ids)

    def wrong(self, name: str, sentence: str) -> None:
        self.errors.setdefault(name, sentence)

    def text(self, name: str, *, required: bool = False, limit: int = SHORT) -> str:
        """One line of text without blanks around it, in composed letters."""
        raw = plain_text.one_line(self.value(name))
        self._check_text(name, raw, limit, is_printable=plain_text.can_be_printed(raw))
        if required and not raw:
            self.wrong(name, gettext("Please fill this in."))
        return raw

    def lines(self, name: str, *, limit: int) -> str:
        """A text of several lines."""
        raw = plain_text.several_lines(self.value(name))
        self._check_text(name, raw, limit, is_printable=plain_text.lines_can_be_printed(raw))
        return raw

    def _check_text(self, name: str, text: str, limit: int, *, is_printable: bool) -> None:
        if len(text) > limit:
            self.wrong(
                name,
                ngettext("At most %(num)d character, please.", "At most %(num)d characters, please.", limit),
            )
        if not is_printable or plain_text.piles_up(text):
            self.wrong(name, gettext("There is a sign in it that cannot be printed."))

    def day(self, name: str) -> date | None:
        """A day; None when the field is empty."""
        raw = self.value(name).strip()
        if not raw:
            return None
        if not _DAY.fullmatch(raw):  # 20261122 and 2026-W47-7 are ISO 8601 too, and nobody means them
            self.wrong(name, gettext("This is no date."))
            return None
        try:
            found = date.fromisoformat(raw)
        except ValueError:
            self.wrong(name, gettext("This is no date."))
            return None
        if found < EARLIEST:
            self.wrong(name, gettext("This date is too long ago."))
            return None
        if found > LATEST:
            self.wrong(name, gettext("This date is too far away."))
            return None
        return found

    def needed_day(self, name: str) -> date:
        """A day that has to be there."""
        found = self.day(name)
        if found is None:
            self.wrong(name, gettext("Please give a date."))
        return found or date.min

    def money(self, name: str, currency_name: str = "currency") -> Money:
        """An amount above nothing, as it is written here: ``50,00`` and ``50.00``."""
        currency = self.value(currency_name).strip().upper()
        if not is_currency(currency):
            self.wrong(currency_name, gettext("Three letters, such as PLN or EUR."))
            return Money(0, "XXX")
        raw = self.value(name)
        if not raw.strip():
            self.wrong(name, gettext("Please give an amount."))
            return Money(0, currency)
        try:
            amount = parse_amount(raw, currency)
        except ValueError:
            self.wrong(name, gettext("This is no amount: write it as 50,00 or 50.00."))
            return Money(0, currency)
        if amount.minor <= 0:
            self.wrong(name, gettext("An amount is more than nothing."))
        if amount.minor > MAX_MINOR:
            self.wrong(name, gettext("This is more money than can be kept."))
        return amount

    def choice(self, name: str, allowed: Collection[Word]) -> Word:
        """Return one of the allowed words: the first where another was sent, which is then an error."""
        word = find_word(self.value(name), allowed)
        if word is None:
            self.wrong(name, gettext("Please choose one of the list."))
            return next(iter(allowed))
        return word

    def row(self, name: str, allowed: Collection[int]) -> int | None:
        """The id of one of the rows offered; None when nothing is chosen."""
        raw = self.value(name)
        if not raw:
            return None
        if raw not in {str(id_) for id_ in allowed}:
            self.wrong(name, gettext("Please choose one of the list."))
            return None
        return int(raw)

    def number(self, name: str, low: int, high: int) -> int | None:
        """A whole number; None when the field is empty."""
        raw = self.value(name).strip()
        if not raw:
            return None
        found = whole_number(raw)
        if found is None or not low <= found <= high:
            self.wrong(name, gettext("A whole number from %(low)s to %(high)s, please.", low=low, high=high))
            return None
        return found

    def id(self, name: str) -> int | None:
        """The id of a row, which may be there or not; None when the field is empty or holds none."""
        raw = self.value(name).strip()
        found = whole_number(raw)
        if raw and (found is None or not 1 <= found <= MAX_ID):
            self.wrong(name, gettext("Please choose one of the list."))
            return None
        return found

    def tick(self, name: str) -> bool:
        return bool(self.value(name))

    def key(self) -> str:
        """The form's own key: sent twice, the form is done once."""
        found = self.value("key")
        if not _KEY.fullmatch(found):
            self.wrong("", gettext("Please load the form anew and send it again."))
        return found

    def saving(self) -> Saving:
        """What is done inside is done only if the form has no errors; an error of a service becomes one."""
        return Saving(self)


class Saving:
    """Around the service calls of one form; after an error nothing is changed and the page comes back."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def __enter__(self) -> Saving:
        return self

    def check(self) -> None:
        """Go on only when all fields could be read."""
        if self._form.errors:
            raise Refused

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if isinstance(error, NotFound) and error.field is None:
            return False
        if isinstance(error, DonorHubError):
            name = (error.field or "").rpartition("/")[2]
            self._form.wrong(name, refusals.write_refusal(error))
        elif not isinstance(error, Refused):
            return False
        db.session.rollback()
        set_reading(True)  # the page that says why writes nothing
        return True


def whole_number(text: str) -> int | None:
    """A whole number in plain digits that a column can hold; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
        return None
    return int(text)


def row_id(text: str | None) -> int | None:
    """The id that an address names; None where it can be nobody's."""
    found = whole_number(text or "")
    return found if found is not None and 1 <= found <= MAX_ID else None


def new_key() -> str:
    """A key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)
