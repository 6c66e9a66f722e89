"""What a reader is told of a field that is not as it should be: the words of each code of a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask_babel import gettext, lazy_gettext, ngettext
from marshmallow import fields

from donorhub.schemas.faults import Fault
from donorhub.schemas.fields import Choice, Currency, Day, Id, Secret, Several, Whole
from donorhub.schemas.money import Amount
from donorhub.services.access.users import MAX_PASSWORD, MIN_PASSWORD

_CHOOSE: Final = lazy_gettext("Please choose one of the list.")
_CHOOSE_ONE: Final = lazy_gettext("Choose at least one.")
_FILL_IN: Final = lazy_gettext("Please fill this in.")
_NO_AMOUNT: Final = lazy_gettext("This is no amount: write it as 50,00 or 50.00.")
_NO_CURRENCY: Final = lazy_gettext("The three letters of a currency, such as PLN or EUR.")
_UNPRINTABLE: Final = lazy_gettext("There is a sign in it that cannot be printed.")
_OUT_OF_DATE: Final = lazy_gettext("Please load the form anew and send it again.")
# Of what is missing, by the kind of the field.
_MISSING: Final[Mapping[type[fields.Field[Any]], object]] = {
    Day: lazy_gettext("Please give a date."),
    Amount: lazy_gettext("Please give an amount."),
    Currency: _NO_CURRENCY,
    Choice: _CHOOSE,
    Id: _CHOOSE,
}
# Of whatever is wrong with a list that is ticked, by its name; else one is to be chosen.
_LISTS: Final[Mapping[str, object]] = {"gift_ids": lazy_gettext("Choose at least one gift.")}
SENTENCES: Final[Mapping[str, object]] = {
    "amount_invalid": _NO_AMOUNT,
    "amount_not_positive": lazy_gettext("An amount is more than nothing."),
    "amount_too_large": lazy_gettext("This is more money than can be kept."),
    "amount_too_precise": _NO_AMOUNT,
    "country_invalid": lazy_gettext("Two letters, such as PL, AL or XK."),
    "currency_invalid": _NO_CURRENCY,
    "date_invalid": lazy_gettext("This is no date."),
    "date_too_early": lazy_gettext("This date is too long ago."),
    "date_too_late": lazy_gettext("This date is too far away."),
    "email_invalid": lazy_gettext("This is no e-mail address."),
    "ends_before_start": lazy_gettext("It would end before it starts."),
    "number_invalid": lazy_gettext("This is no number of this kind, or has too many decimals."),
    "name_missing": lazy_gettext("Please give a name."),
    "piled_marks": _UNPRINTABLE,
    "amount_lines_invalid": lazy_gettext("One amount a line, each currency once: 10000 PLN."),
    "series_invalid": lazy_gettext("Up to ten capital letters, digits and hyphens."),
    "time_zone_unknown": lazy_gettext("This is no time zone: Europe/Warsaw is one."),
    "unknown_choice": _CHOOSE,
    "unprintable": _UNPRINTABLE,
}


def write_fault(fault: Fault, field: fields.Field[Any] | None) -> str:
    """Return the sentence beside a field; what only a program can send is a form that is out of date."""
    if isinstance(field, Several):
        return str(_LISTS.get(field.name or "", _CHOOSE_ONE))
    if fault.code == "required":
        words = (words for kind, words in _MISSING.items() if isinstance(field, kind))
        return str(next(words, _FILL_IN))
    write = _WRITERS.get(fault.code)
    return write(fault, field) if write else str(SENTENCES.get(fault.code, _OUT_OF_DATE))


def _write_too_short(fault: Fault, field: fields.Field[Any] | None) -> str:
    if isinstance(field, Secret):
        return str(gettext("A password has at least %(least)s characters.", least=MIN_PASSWORD))
    least = int(str(fault.facts["min"]))
    return str(ngettext("At least %(num)d character, please.", "At least %(num)d characters, please.", least))


def _write_too_long(fault: Fault, field: fields.Field[Any] | None) -> str:
    most = int(str(fault.facts["max"]))
    if isinstance(field, Secret) and most == MAX_PASSWORD:
        return str(gettext("This password is too long."))
    return str(ngettext("At most %(num)d character, please.", "At most %(num)d characters, please.", most))


def _write_out_of_range(_fault: Fault, field: fields.Field[Any] | None) -> str:
    if not isinstance(field, Whole) or isinstance(field, Id):
        return str(_CHOOSE)
    return str(gettext("A whole number from %(low)s to %(high)s, please.", low=field.low, high=field.high))


_WRITERS: Final[Mapping[str, Callable[[Fault, fields.Field[Any] | None], str]]] = {
    "out_of_range": _write_out_of_range,
    "too_long": _write_too_long,
    "too_short": _write_too_short,
    "wrong_type": _write_out_of_range,
}
