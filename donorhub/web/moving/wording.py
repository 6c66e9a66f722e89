"""A list's file in the words of a language, as its page says them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from flask_babel import force_locale, lazy_gettext

from donorhub.domain.donors.custom_shapes import choose_label
from donorhub.domain.moving.list_columns import Coded, Labelled, Rhythm, Somebody
from donorhub.services.access import organisation
from donorhub.services.moving.lists.records import Details, Subject
from donorhub.services.moving.wording import Wording
from donorhub.web.access import audit_lines
from donorhub.web.reader import get_lang
from donorhub.web.showing import write_rhythm
from donorhub.web.words import lists

SEPARATORS: Final = {"en": ","}  # of the others it is ;
_SCOPES: Final[Mapping[str, Mapping[str, object]]] = {
    "lists": lists.TITLES,
    "filters": lists.FILTERS,
    "about": lists.ABOUT,
}
_WORDS_OF_NONE: Final = {"subject": lazy_gettext("Message")}  # of a message of no kind of ours


@contextmanager
def open_wording(lang: str) -> Iterator[Wording]:
    """Give the words of a language, to be used inside; in a request, or in a job that has none."""
    with force_locale(lang):
        yield Wording(
            separator=SEPARATORS.get(lang, ";"),
            zone=organisation.get_zone(),
            name_part=_name_part,
            write_code=_write_code,
            choose_label=lambda labels: choose_label(labels, lang),
        )


def _name_part(scope: str, key: str) -> str:
    names = _SCOPES.get(scope) or lists.COLUMNS[scope]
    return str(names[key])


def _write_code(list_name: str, key: str, value: Coded) -> str:
    match value:
        case Rhythm():
            return write_rhythm(value.every, value.period, value.day_of_month)
        case Somebody():
            return audit_lines.write_actor(value.code, {value.code: value.name} if value.name else {})
        case Subject():
            return audit_lines.write_subject(value.kind, value.id, value.name)
        case Labelled():
            return choose_label(value.labels, get_lang())
        case Details():
            return audit_lines.write_details(value.data, value.changes, value.names)
    return str(lists.CODES[list_name].get(key, {}).get(value.code, _WORDS_OF_NONE.get(key, value.code)))
