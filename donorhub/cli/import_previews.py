"""What importing a file would do, as the command line shows it: with the digest that confirms it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from donorhub.cli.confirming import DIGITS
from donorhub.errors import Changed
from donorhub.money import Money
from donorhub.services.bank.files.import_plans import Plan

_LATER: Final = {
    "held": "it would be held: none of its money counts until somebody releases it",
    "asking": "it would ask, and nothing of it would count yet",
    "refused": "it would be refused",
}


def show_change(path: str, error: Changed) -> None:
    """Show what a file would do now that somebody changed the ledger in between."""
    if not isinstance(error.now, Plan):
        raise error
    show_plan(path, error.now)
    click.echo("  this changed since it was shown: nothing was done")


def show_plan(path: str, plan: Plan) -> None:
    """Print what importing a file would do."""
    click.echo(f"{path}: {plan.format or 'unknown format'}, not imported yet, digest {plan.digest[:DIGITS]}")
    told_statements = plan.outcome["statements"]
    for number, summary in enumerate(plan.summaries):
        statement = told_statements[number] if number < len(told_statements) else None
        click.echo(f"  {_write_sentence(summary, statement)}")
    show_problems(plan.problems)
    if plan.state in _LATER:
        click.echo(f"  {_LATER[plan.state]}")


def _write_sentence(summary: Mapping[str, Any], statement: Mapping[str, Any] | None) -> str:
    currency, entries = summary["currency"], f"{summary['entries']} entries"
    days = f"{summary['from_on']} to {summary['to_on']}" if summary["from_on"] else "no days"
    account = summary["account"] or (statement["account"] if statement else "no account")
    if statement is None or summary["is_advice"]:
        more = f", would tell more of {statement['filled']} in the ledger" if statement else ""
        return f"{account} {currency}, {days}, {entries}{more}; {describe_balance(summary)}"
    money_in, money_out = (Money(statement[name], currency).as_text() for name in ("in_minor", "out_minor"))
    new = f"would add {statement['entries']}: in {money_in}, out {money_out}"
    return f"{account} {currency}, {days}, {entries}, {new}; {describe_balance(summary)}"


def describe_balance(summary: Mapping[str, Any]) -> str:
    """Return whether the balances that a file tells hold."""
    currency = summary["currency"]
    opening, closing = summary["opening_minor"], summary["closing_minor"]
    if summary["is_advice"]:
        return "advice, adds no money"
    if opening is None or closing is None:
        return "does not hold" if summary["integrity"] == "mismatch" else "unverifiable: a balance is missing"
    sum_ = summary["in_minor"] + summary["out_minor"]
    figures = [Money(minor, currency).as_text() for minor in (opening, sum_, closing)]
    verdict = {"proved": "holds", "mismatch": "does not hold"}.get(summary["integrity"], "unverifiable")
    return f"opening {figures[0]} + {figures[1]} = closing {figures[2]}: {verdict}"


def show_problems(problems: Sequence[Mapping[str, Any]]) -> None:
    """Print what is wrong with a file, and where."""
    for problem in problems:
        where = f" ({problem['where']})" if problem.get("where") else ""
        click.echo(f"  {problem['level']} {problem['code']}: {problem['message']}{where}")
