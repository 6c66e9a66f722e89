"""``donorhub entries``: deciding many bank entries at once, each time as it was shown."""

from __future__ import annotations

import sys
from functools import partial

import click

from donorhub import clock
from donorhub.cli import confirming
from donorhub.cli.arguments import load_arguments
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.db import db, read_only
from donorhub.errors import Changed
from donorhub.models import Donor
from donorhub.models.states import QUESTION_ANSWERS, QUESTION_KINDS, QuestionAnswer, QuestionKind
from donorhub.schemas.bank import TakeBackSchema, TakingBack, Which, WhichSchema
from donorhub.services.bank import import_undo
from donorhub.services.bank.import_undo import TakingBackView
from donorhub.services.bank.matching import certain_entries, entry_answers, question_groups
from donorhub.services.bank.matching.certain_entries import CertainPayments
from donorhub.services.bank.matching.decisions import CreditDecision


@click.group("entries")
def entries_group() -> None:
    """Bank entries that wait for a decision."""


@entries_group.command("accept-certain")
@click.option("--account", "bank_account_id", type=ROW_ID, help="Those of one account.")
@click.option("--statement", "statement_id", type=ROW_ID, help="Those that one statement brought.")
@confirming.DIGEST
@confirming.YES
@run_in_app
def accept_certain(bank_account_id: int | None, statement_id: int | None, digest: str, yes: bool) -> None:
    """Accept what is certain among the entries that wait: it shows each, with a digest, and asks."""
    which: Which = load_arguments(WhichSchema(), bank_account_id=bank_account_id, statement_id=statement_id)
    after_id: int | None = None
    while True:
        with read_only():
            payments = certain_entries.list_certain_payments(**which, after_entry_id=after_id)
            is_wanted = bool(payments.decisions) and (
                yes
                or confirming.is_confirmed(
                    payments.digest, digest, partial(_show_payments, payments), "Accept exactly these?"
                )
            )
            db.session.rollback()
        if payments.decisions or payments.last_entry_id is None:
            break
        after_id = payments.last_entry_id
    if not payments.decisions:
        click.echo("nothing is certain enough to be accepted without a look")
    elif is_wanted:
        count = certain_entries.accept_shown_payments(
            payments.digest, **which, after_entry_id=after_id, now=clock.now(), actor=get_actor()
        )
        db.session.commit()
        more = "; more may be certain: look again" if payments.last_entry_id is not None else ""
        click.echo(f"accepted: {count}{more}")
    else:
        sys.exit(1)


def _show_payments(payments: CertainPayments) -> None:
    for decision in payments.decisions:
        credit = decision.place.credit
        click.echo(
            f"  {credit.booked_on} {credit.amount} {credit.name or 'no name'}: {_write_becoming(decision)}"
        )
    click.echo(f"  {len(payments.decisions)} payments, {', '.join(map(str, payments.sums))}")


def _write_becoming(decision: CreditDecision) -> str:
    """Return what a payment would become."""
    if decision.payout_id is not None:
        return f"payout {decision.payout_id}"
    if decision.gift_id is not None:
        return f"takes back gift {decision.gift_id}"
    names = [db.session.get_one(Donor, part.donor_id).name for part in decision.parts]
    return f"gift of {', '.join(names)}"


@entries_group.command("answer-all")
@click.argument("file_id", type=ROW_ID)
@click.argument("kind", type=click.Choice(QUESTION_KINDS))
@click.argument("answer", type=click.Choice(QUESTION_ANSWERS))
@confirming.DIGEST
@confirming.YES
@run_in_app
def answer_all(file_id: int, kind: QuestionKind, answer: QuestionAnswer, digest: str, yes: bool) -> None:
    """Give all open questions of FILE_ID that are asked for the reason KIND the same ANSWER."""
    with read_only():
        group = question_groups.show_group(file_id, kind)
        is_wanted = bool(group.count) and (
            yes
            or confirming.is_confirmed(
                group.digest,
                digest,
                lambda: click.echo(f"  {group.count} questions would be answered: {answer}"),
                "Answer exactly these?",
            )
        )
        db.session.rollback()
    if not group.count:
        click.echo("no question is open")
    elif is_wanted:
        count = 0
        try:
            for chunk_count in question_groups.answer_shown_group(
                file_id, kind, answer, group.digest, now=clock.now(), actor=get_actor()
            ):
                count += chunk_count
                if chunk_count == entry_answers.MOST_AT_ONCE:
                    db.session.commit()  # let others write between two chunks
        except Changed:
            click.echo(f"answered: {count}; the others changed since they were shown: look again")
            sys.exit(1)
        db.session.commit()
        click.echo(f"answered: {count}")
    else:
        sys.exit(1)


@entries_group.command("take-back")
@click.argument("file_id", type=ROW_ID)
@click.option("--reason", required=True, help="Kept in the audit.")
@click.option("--undo-decisions", is_flag=True, help="Undo what people decided of its entries too.")
@confirming.DIGEST
@confirming.YES
@run_in_app
def take_back(file_id: int, reason: str, undo_decisions: bool, digest: str, yes: bool) -> None:
    """Take the import of FILE_ID back: it shows what would leave the ledger, with a digest, and asks."""
    what: TakingBack = load_arguments(TakeBackSchema(), reason=reason, undo_decisions=undo_decisions)
    with read_only():
        view = import_undo.show_taking_back(file_id)
        is_wanted = yes or confirming.is_confirmed(
            view.digest, digest, lambda: _show_taking_back(view), "Take back exactly this?"
        )
        db.session.rollback()
    if not is_wanted:
        sys.exit(1)
    what["digest"] = view.digest
    import_undo.take_back_import(file_id, **what, now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo("taken back: nothing of it counts any more")


def _show_taking_back(view: TakingBackView) -> None:
    click.echo(f"  {view.entries_count} entries count now: {', '.join(map(str, view.sums)) or 'no money'}")
    for obstacle in view.obstacles:
        click.echo(f"  in the way: {obstacle.kind} on entry {obstacle.entry_id}")
