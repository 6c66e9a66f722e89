"""Reading what a form sent: texts, days, amounts, choices, each refused with a sentence beside its field.

Form only: whether a thing exists or is allowed, the services say, and their answer
about a field lands here as well.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date
from types import TracebackType
from typing import Any, Final

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from donorhub.db import db
from donorhub.errors import DonorHubError, NotFound
from donorhub.money import Money
from donorhub.web import words
from importers.text import parse_amount

SHORT: Final = 200
LONG: Final = 4000
MAX_MINOR: Final = 10**13
FIRST_DAY: Final = date(1900, 1, 1)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class Refused(Exception):
    """The form has errors: nothing is to be done. Only :meth:`Form.saving` catches it."""


class Form:
    """What was sent, or what the fields start with, and what is wrong, field by field."""

    def __init__(
        self, sent: MultiDict[str, str] | None = None, start: Mapping[str, Any] | None = None
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
        return [str(value) for value in self.start.get(name, ())]

    def wrong(self, name: str, sentence: str) -> None:
        self.errors.setdefault(name, sentence)

    def text(self, name: str, *, required: bool = False, limit: int = SHORT) -> str:
        """A text without blanks around it, in composed letters."""
        raw = unicodedata.normalize("NFC", self.value(name)).strip().replace("\r\n", "\n")
        if required and not raw:
            self.wrong(name, gettext("Please fill this in."))
        if len(raw) > limit:
            self.wrong(name, gettext("At most %(count)s characters, please.", count=limit))
        if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn") and sign != "\n" for sign in raw):
            self.wrong(name, gettext("There is a sign in it that cannot be printed."))
        return raw

    def day(self, name: str) -> date | None:
        """A day; None when the field is empty."""
        raw = self.value(name).strip()
        if not raw:
            return None
        try:
            found = date.fromisoformat(raw)
        except ValueError:
            self.wrong(name, gettext("This is no date."))
            return None
        if found < FIRST_DAY:
            self.wrong(name, gettext("This date is too long ago."))
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
        if not _CURRENCY.fullmatch(currency):
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

    def choice(self, name: str, allowed: Collection[str]) -> str:
        """One of the allowed words."""
        found = self.value(name)
        if found not in allowed:
            self.wrong(name, gettext("Please choose one of the list."))
        return found

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
        if not (raw.isascii() and raw.isdigit()) or not low <= int(raw) <= high:
            self.wrong(name, gettext("A whole number from %(low)s to %(high)s, please.", low=low, high=high))
            return None
        return int(raw)

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
            self._form.wrong(name, words.sentence_of(error))
        elif not isinstance(error, Refused):
            return False
        db.session.rollback()
        return True


def new_key() -> str:
    """A key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)
