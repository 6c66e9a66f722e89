"""How templates show our values: amounts, days, rhythms and numbers, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask import Flask
from flask_babel import get_locale, gettext, ngettext
from jinja2 import pass_context
from jinja2.runtime import Context

from donorhub import clock
from donorhub.domain.donors.custom_shapes import choose_label
from donorhub.models import Designation, Receipt, Term
from donorhub.models.states import Lang
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.counting import MOST_COUNTED
from donorhub.services.receipts import receipts
from donorhub.services.recurring.recurring_terms import LAST_DAY
from donorhub.web.reader import find_date_locale, get_date_locale, get_lang
from donorhub.web.words import codes, troubles
from receipts.figures import write_amount

_AMOUNT: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)? [A-Z]{3}", re.ASCII)
PAGE_LANG: Final = "page_lang"  # what a page knows its language by
PAGE_ZONE: Final = "page_zone"  # and the organisation's time zone, where somebody is signed in
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def show_money(money: Money) -> str:
    """Return an amount as the reader's language writes it."""
    return write_amount(money, get_lang())


def show_day(day: date) -> str:
    """Return a day as the reader's language writes it."""
    return _write_day(day, get_lang())


@lru_cache(maxsize=4096)  # a list names the same days again and again
def _write_day(day: date, lang: Lang) -> str:
    return format_date(day, "medium", locale=find_date_locale(lang))


@lru_cache(maxsize=4096)
def _write_amount(minor: int, currency: str, lang: Lang) -> str:
    return write_amount(Money(minor, currency), lang)


# What stands in each row of a list asks the page for its language, and not the request each time.
@pass_context
def _show_day_in(page: Context, day: date) -> str:
    return _write_day(day, _read_lang(page))


@pass_context
def _show_amount_in(page: Context, row: Any) -> str:
    """Return the amount in a row's own columns."""
    return _write_amount(row.amount_minor, row.currency, _read_lang(page))


@pass_context
def _show_money_in(page: Context, money: Money) -> str:
    return _write_amount(money.minor, money.currency, _read_lang(page))


@pass_context
def _show_total_in(page: Context, receipt: Receipt) -> str:
    return _write_amount(receipt.total_minor, receipt.currency, _read_lang(page))


@pass_context
def _show_rhythm_in(page: Context, term: Term) -> str:
    """Return how often an instalment falls due, and on which day."""
    return _write_rhythm(term.every, term.period, term.day_of_month, _read_lang(page))


def _read_lang(page: Context) -> Lang:
    lang: Lang | None = page.get(PAGE_LANG)
    return lang or get_lang()


def show_moment(moment: datetime) -> str:
    """Return day and time without seconds, in the organisation's time zone."""
    local = moment.astimezone(organisation.get_zone())
    return f"{show_day(organisation.get_day(moment))}, {local:%H:%M}"


@pass_context
def _show_local_day_in(page: Context, moment: datetime) -> str:
    """Return the day of an instant in the organisation's time zone."""
    return _write_day(organisation.find_day(moment, _read_zone(page)), _read_lang(page))


@pass_context
def _is_before_today(page: Context, moment: datetime) -> bool:
    """Return whether the organisation's day of an instant is over: what is due on a day is due all day."""
    zone = _read_zone(page)
    return organisation.find_day(moment, zone) < organisation.find_day(clock.now(), zone)


def _read_zone(page: Context) -> ZoneInfo:
    zone: ZoneInfo | None = page.get(PAGE_ZONE)
    return zone or organisation.get_zone()


def register(app: Flask) -> None:
    """Give the templates their filters."""

    def show_fact_money(facts: Mapping[str, Any]) -> str:
        """Return the amount among a task's facts."""
        return show_money(Money.parse(facts["amount"], facts["currency"]))

    def show_change(text: str) -> str:
        """Return what a recurring gift was before or after a change: an amount, a day, or words."""
        amount, _, currency = text.partition(" ")
        if _AMOUNT.fullmatch(text):
            return show_money(Money.parse(amount, currency))
        return show_day(date.fromisoformat(text)) if _DAY.fullmatch(text) else codes.word_code(text)

    def show_before_and_after(facts: Mapping[str, Any]) -> str:
        """Return what a change of a recurring gift led from and to, as far as either is recorded."""
        return " → ".join(filter(None, (show_change(facts["before"]), show_change(facts["after"]))))

    app.jinja_env.tests["before_today"] = _is_before_today
    app.jinja_env.filters.update(
        money=_show_money_in,
        day=_show_day_in,
        moment=show_moment,
        local_day=_show_local_day_in,
        before_and_after=show_before_and_after,
        mark_english=codes.mark_english,
        capitalize_first=lambda text: text[:1].upper() + text[1:],
        word_trouble=troubles.word_trouble,
        has_details=troubles.has_details,
        word_code=codes.word_code,
        fact_day=lambda facts: show_day(date.fromisoformat(facts["due_on"])),
        fact_money=show_fact_money,
        long_day=lambda day: format_date(day, "full", locale=get_date_locale()),
        how_many=show_count,
        share=lambda share: format_percent(share, "#,##0.0 %", locale=get_locale()),
        month=lambda day: format_date(day, "LLLL yyyy", locale=get_date_locale()),
        pairs=list_options,
        custom_name=lambda labels: choose_label(labels, get_lang()),
        only_of=lambda words, keys: [(key, words[key]) for key in keys],
        part_amount=lambda part, currency: show_money(_make_part_amount(part, currency)),
        receipt_number=receipts.format_number_of,
        receipt_total=_show_total_in,
        rhythm=_show_rhythm_in,
        amount=_show_amount_in,
    )


def list_options(rows: Iterable[Any]) -> list[tuple[int, str]]:
    """Return rows as the options of a list."""
    return [(row.id, row.name) for row in rows]


def show_count(count: int) -> str:
    """Return a count for people; "1,000+" where nobody counted further."""
    if count <= MOST_COUNTED:
        return str(count)
    return f"{format_decimal(MOST_COUNTED, locale=get_locale())}+"


def write_rhythm(every: int, period: str, day_of_month: int | None) -> str:
    """Return how often an instalment falls due, and on which day, of the parts of its term."""
    return _write_rhythm(every, period, day_of_month, get_lang())


@lru_cache(maxsize=1024)
def _write_rhythm(every: int, period: str, day_of_month: int | None, _lang: Lang) -> str:
    words = {
        "W": ngettext("every week", "every %(num)s weeks", every),
        "M": ngettext("every month", "every %(num)s months", every),
        "Y": ngettext("every year", "every %(num)s years", every),
    }
    how_often = str(words[period])
    if day_of_month == LAST_DAY:
        return str(gettext("%(often)s on the last day", often=how_often))
    if day_of_month:
        return str(gettext("%(often)s on day %(day)s", often=how_often, day=day_of_month))
    return how_often


def _make_part_amount(part: Designation, currency: str) -> Money:
    return Money(part.amount_minor, currency)
