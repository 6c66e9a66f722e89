"""What a file that asks would do, shown before it is done: a person's answers, and what comes of them.

The mapping wizard shows the same of a table (:mod:`.wizard`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from donorhub import clock
from donorhub.db import db, set_reading
from donorhub.models import ImportFile
from donorhub.services.bank import bank_views
from donorhub.services.bank.files import confirmed_imports, import_plans, imports
from donorhub.services.bank.files.import_plans import Choices, Plan
from donorhub.web.admission import get_principal
from donorhub.web.bank import samples
from donorhub.web.forms import Form
from donorhub.web.saving import commit
from donorhub.web.words import bank_problems
from donorhub.web.words.bank_problems import ProblemWords
from importers.statement import Problem

DATE_ORDERS: Final = ("dmy", "mdy", "ymd")
MOST_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan as the page shows it: in words, with the fields that confirm it, and what was shown before."""

    plan: Plan
    words: str
    fields: Sequence[tuple[str, str]]
    problems: Sequence[ProblemWords]
    earlier_words: str = ""


def read_choices(form: Form) -> Choices:
    """Return what a form says of a file; what means nothing is an error of the form, or left out."""
    order = form.get_value("dates")
    return Choices(
        layout={"dates": order} if order in DATE_ORDERS else None,
        bank_account_id=form.choose_row(
            "account", [row.account.id for row in bank_views.list_account_rows()]
        ),
        currency=form.read_currency("currency"),
        create_accounts=form.is_ticked("create"),
    )


def _write_fields(choices: Choices) -> list[tuple[str, str]]:
    order = (choices.layout or {}).get("dates", "")
    fields = [
        ("account", str(choices.bank_account_id or "")),
        ("currency", choices.currency),
        ("create", "1" if choices.create_accounts else ""),
        ("dates", str(order)),
    ]
    return [(name, value) for name, value in fields if value]


def word_plan(plan: Plan, earlier_plan: Plan | None = None) -> ShownPlan:
    """Return a plan as the page shows it, with what a person was shown before it."""
    return ShownPlan(
        plan,
        samples.word_plan(plan),
        [*_write_fields(plan.choices), ("digest", plan.digest)],
        [bank_problems.word_problem(Problem(**problem)) for problem in plan.problems[:MOST_PROBLEMS]],
        samples.word_plan(earlier_plan) if earlier_plan is not None else "",
    )


def show_plan(file: ImportFile, codes: Collection[str]) -> ShownPlan | None:
    """Return what one click would do where nothing more need be said: the only question is whether the
    accounts that the file names are ours, or it does something else than what was confirmed.
    """
    if file.state != "asking" or not get_principal().has_permission("imports:write"):
        return None
    earlier_plan = import_plans.find_last_plan(file.id) if imports.PLAN_CHANGED in codes else None
    if earlier_plan is None and "account_unknown" not in codes:
        return None
    choices = earlier_plan.choices if earlier_plan is not None else Choices(create_accounts=True)
    file_id = file.id
    db.session.rollback()
    set_reading(False)  # the plan is found out by doing it, and taking it back
    plan = confirmed_imports.plan_file(file_id, choices, now=clock.now())
    commit()
    return word_plan(plan, earlier_plan) if plan.state != "asking" else None
