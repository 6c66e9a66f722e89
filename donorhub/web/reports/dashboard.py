"""The first page: what came in, what waits, what needs attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_date
from babel.numbers import format_compact_decimal
from flask import Blueprint, render_template
from flask_babel import get_locale, gettext, ngettext

from donorhub import clock
from donorhub.models.states import GiftMethod
from donorhub.money import Money, get_exponent
from donorhub.services.access import organisation
from donorhub.services.giving import history, retention_figure
from donorhub.services.reports import dashboard
from donorhub.services.work import worklist
from donorhub.web import charts
from donorhub.web.addresses import build_address
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.reader import get_date_locale, get_today
from donorhub.web.reports import first_steps
from donorhub.web.showing import show_count
from donorhub.web.words import labels
from donorhub.web.work.tasks import get_end_of_today

bp = Blueprint("dashboard", __name__)
SERIES: Final[tuple[tuple[GiftMethod, ...], ...]] = (
    ("standing_order",),
    ("direct_debit",),
    ("card", "blik", "wallet"),
    ("transfer",),
    ("cash", "cheque", "other"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person, and where it is looked after."""

    icon: str
    address: str
    sentence: str


@bp.get("/")
@require_permission("tasks:read")
def show_dashboard() -> str:
    """Show the dashboard; roles without amounts see their tasks and what needs attention."""
    who = get_principal()
    values: dict[str, object] = {"today": get_today(), "our_name": organisation.get_organisation().legal_name}
    if who.has_permission("gifts:read"):
        values |= _compute_money_figures(get_today())
    if who.has_permission("recurring:read"):
        values["recurring"] = dashboard.compute_recurring_figures(today=get_today(), now=clock.now())
    is_narrowed = get_own_list() is not None
    tasks = worklist.list_tasks(
        "today", user_id=who.id, end_of_today=get_end_of_today(), is_narrowed=is_narrowed, limit=5
    )
    values["tasks"], values["people"] = tasks.rows, worklist.find_donor_names(tasks.rows)
    values["now"] = clock.now()
    values["tasks_count"] = worklist.count_due(
        user_id=who.id, end_of_today=get_end_of_today(), is_narrowed=is_narrowed
    )
    if who.has_permission("settings:write"):
        values |= first_steps.make_page_values()
    if not is_narrowed:
        values["waiting"] = _list_waiting(dashboard.count_waiting(clock.now()))
    return render_template("reports/dashboard.html", **values)


def _list_waiting(counts: Mapping[str, int]) -> list[Waiting]:
    """Return what waits for a person, as far as the reader may look after it."""
    may = get_principal().has_permission
    waiting = []
    if (number := counts["suspense"]) and may("imports:read"):
        sentence = ngettext(
            "%(count)s entry without a donor",
            "%(count)s entries without a donor",
            number,
            count=show_count(number),
        )
        waiting.append(Waiting("building-bank", build_address("bank.entries", tab="to-decide"), sentence))
    if (number := counts["files"]) and may("imports:read"):
        sentence = ngettext(
            "%(count)s bank file waits for you",
            "%(count)s bank files wait for you",
            number,
            count=show_count(number),
        )
        waiting.append(Waiting("file-x", build_address("bank.list_files"), sentence))
    if (number := counts["errors"]) and may("providers:read"):
        sentence = ngettext(
            "%(count)s error in the inbox", "%(count)s errors in the inbox", number, count=show_count(number)
        )
        waiting.append(Waiting("inbox", build_address("errors.show_error_inbox"), sentence))
    if counts["unread_minutes"] and may("providers:read"):
        sentence = ngettext(
            "Payment providers' messages have waited unread for %(num)s minute",
            "Payment providers' messages have waited unread for %(num)s minutes",
            counts["unread_minutes"],
        )
        waiting.append(Waiting("inbox", build_address("errors.show_error_inbox"), sentence))
    if number := counts["overdue"]:
        sentence = ngettext(
            "%(count)s task overdue", "%(count)s tasks overdue", number, count=show_count(number)
        )
        waiting.append(Waiting("clock", build_address("tasks.list_tasks", view="all"), sentence))
    if (number := counts["duplicates"]) and may("donors:merge"):
        sentence = ngettext(
            "%(count)s group of possible duplicates",
            "%(count)s groups of possible duplicates",
            number,
            count=show_count(number),
        )
        waiting.append(Waiting("users", build_address("donors.list_duplicates"), sentence))
    if counts["upgrade_notes"] and may("settings:write"):
        sentence = gettext("See what the upgrade mended")
        waiting.append(Waiting("checklist", build_address("upgrade_notes.list_notes"), sentence))
    return waiting


def _compute_money_figures(day: date) -> dict[str, object]:
    currency = organisation.get_organisation().home_currency
    months = dashboard.list_months(day, currency)
    received_by_currency = {
        money.currency: money for money in dashboard.sum_received(day.replace(day=1), day)
    }
    chart = charts.make_chart([_list_heights(month, currency) for month in months])
    last_year = dashboard.sum_received(history.find_start_of_year(day), day)
    latest = history.list_gifts(limit=8).rows
    return {
        "received": received_by_currency.pop(currency, Money(0, currency)),
        "received_else": list(received_by_currency.values()),
        "months": months,
        "month_names": [format_date(month.first, "LLL", locale=get_date_locale()) for month in months],
        "chart": chart,
        "scale": [_write_short_number(value) for _y, value in chart.lines],
        "series": [name_series(methods) for methods in SERIES],
        "table": [[Money(minor, currency) for minor in _list_minors(month)] for month in months],
        "year": last_year or [Money(0, currency)],
        "left_out": dashboard.list_other_currencies(months, day, currency),
        "in_kind_count": dashboard.count_in_kind(months, day),
        "retention": retention_figure.read_retention(day, currency),
        "latest": latest,
        "funds": history.find_fund_names(latest),
        "taken": history.find_deduction_states(latest),
        "currency": currency,
    }


def name_series(methods: Sequence[GiftMethod]) -> str:
    """Return what the legend calls a series of methods."""
    if "card" in methods:
        return str(gettext("Card and BLIK"))
    if "cash" in methods:
        return str(gettext("Cash and other"))
    return str(labels.METHODS[methods[0]])


def _list_minors(month: dashboard.Month) -> list[int]:
    return [sum(month.by_method.get(method, 0) for method in methods) for methods in SERIES]


def _list_heights(month: dashboard.Month, currency: str) -> list[float]:
    return [minor / 10 ** get_exponent(currency) for minor in _list_minors(month)]


def _write_short_number(value: float) -> str:
    return str(format_compact_decimal(value, locale=get_locale(), fraction_digits=1))
