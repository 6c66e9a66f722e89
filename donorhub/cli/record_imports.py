"""``donorhub import people`` and ``donorhub import gifts``: donors and past gifts from a spreadsheet."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from flask import current_app

from donorhub import clock
from donorhub.cli import confirming
from donorhub.cli.confirming import DIGITS
from donorhub.cli.context import get_actor, run_in_app
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.domain.moving.answers import GENERIC_SYSTEM, Answers, Kind
from donorhub.domain.moving.custom_names import CUSTOM_FIELDS, split_custom
from donorhub.domain.moving.field_words import FIELDS
from donorhub.errors import Rejected
from donorhub.jobs.queue.run import run_task
from donorhub.money import Money
from donorhub.schemas import records as record_words
from donorhub.services.bank.files import imports
from donorhub.services.donors import custom_fields
from donorhub.services.moving import record_deliveries, record_files, record_plans
from donorhub.services.moving.record_deliveries import SentTable
from donorhub.services.moving.record_plans import RecordPlan
from importers.records import RecordTable

_MOST_SHOWN: Final = 20  # rows that are held
_ANSWERS: Final = tuple(
    (
        "system preset currency date_order month_day decimal phone_country "
        "pairs same_name hidden missing_files same_money gift_values"
    ).split()
)


def _add_options(command: Any) -> Any:
    for option in reversed(
        (
            click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
            click.option(
                "--system", default="", help="Where the file comes from, such as civicrm; else spreadsheet."
            ),
            click.option("--preset", default="", help="The kind of file, or none; else its columns tell."),
            click.option("--currency", default="", metavar="PLN", help="Of amounts that name none."),
            click.option("--column", multiple=True, metavar="NAME=FIELD", help="What a column is."),
            click.option("--date-order", type=click.Choice(("dmy", "mdy", "ymd")), default=None),
            click.option("--month-day", type=click.Choice(("first", "last")), default=None),
            click.option(
                "--year",
                multiple=True,
                metavar="[SHEET=]2024",
                help="Of columns of months that tell no year.",
            ),
            click.option("--periods", type=click.Choice(("gifts", "columns")), help="Columns of years are …"),
            click.option(
                "--crosses",
                type=click.Choice(("declared", "leave")),
                help="Crosses below months are the amount that was declared, or nothing.",
            ),
            click.option(
                "--unnamed",
                type=click.Choice(("right",)),
                help="Columns without names hold what they seem to.",
            ),
            click.option("--decimal", type=click.Choice((",", ".")), default=None),
            click.option("--phone-country", default="", metavar="PL"),
            click.option("--pairs", type=click.Choice(("one", "two")), help="Two people in a cell are …"),
            click.option(
                "--same-name", type=click.Choice(("apart", "one")), help="Rows of a name alone are …"
            ),
            click.option(
                "--missing-files", type=click.Choice(("none",)), help="Of files that come before this: none."
            ),
            click.option(
                "--same-money",
                type=click.Choice(("same", "another")),
                help="Rows whose money is here already are those gifts, or others.",
            ),
            click.option(
                "--gift-values",
                type=click.Choice(("keep", "change")),
                help="Where fields of gifts say something else here: keep that, or change it.",
            ),
            click.option("--hidden", type=click.Choice(("bring", "leave")), help="Hidden sheets and rows."),
            click.option("--new-funds", is_flag=True, help="Make funds and campaigns that nobody knows."),
            click.option("--dry-run", is_flag=True, help="Show what would be done; store nothing."),
            click.option("--yes", is_flag=True, help="Bring it without showing first what it would do."),
            click.option(
                "--digest", default="", metavar="DIGEST", help="Bring what was shown under this digest."
            ),
        )
    ):
        command = option(command)
    return command


@click.command("people")
@_add_options
@run_in_app
def import_people(path: Path, **options: Any) -> None:
    """Bring donors from XLSX, XLS, ODS or CSV of any shape; columns of gifts are left out.

    It shows what it would do, with a digest, and asks. Rows that cannot be read stay out and are listed. The
    same file again, or a longer one, adds only what is new. Nobody is written to. Exit code 1 when something
    is asked, when nothing was confirmed or rows are held.
    """
    _import_records(path, "people", options)


@click.command("gifts")
@_add_options
@run_in_app
def import_gifts(path: Path, **options: Any) -> None:
    """Bring donors and their past gifts from XLSX, XLS, ODS or CSV of any shape.

    As ``import people``, with the gifts: of the same money that is here already no second gift is made, and
    nobody is thanked for history.
    """
    _import_records(path, "gifts", options)


def _import_records(path: Path, kind: Kind, options: dict[str, Any]) -> None:
    data = path.read_bytes()
    imports.refuse_large_file(data, path.name, _get_settings().upload_limit_mb)
    tables = record_deliveries.open_tables(data, path.name)
    if len(tables) > 1 and options["digest"]:
        raise Rejected("a digest is that of one file: unpack the ZIP", code="digest_of_one_file")
    sent_presets: set[str] = set()
    is_sound = True
    while tables:
        preset = tables[0].preset
        is_sound = _import_table(tables.pop(0), kind, options, sent_presets) and is_sound
        sent_presets.add(preset)
    _end_command(is_sound=is_sound)


def _import_table(
    sent_table: SentTable, kind: Kind, options: dict[str, Any], sent_presets: Collection[str]
) -> bool:
    """Bring one table as its options say; return whether nothing of it is asked, unconfirmed or held."""
    answers, is_sound = _confirm_table(sent_table, kind, options, sent_presets)
    if answers is not None:
        name, file_id = sent_table.name, _keep_table(sent_table, *answers)
        del sent_table  # writing reads the file again, and the table need not be there twice
        _write_file(file_id, name)
    return is_sound


def _confirm_table(
    sent_table: SentTable, kind: Kind, options: dict[str, Any], sent_presets: Collection[str]
) -> tuple[tuple[Answers, str] | None, bool]:
    """Return the answers and the digest under which a table is brought, None where it is not; and whether
    nothing is asked, unconfirmed or held.
    """
    with read_only():
        plan = _make_plan(sent_table, kind, options, sent_presets if options["dry_run"] else ())
        db.session.rollback()
    is_sound = not plan.questions and not plan.figures["counts"]["held"]
    if options["dry_run"] or plan.questions or not plan.can_be_written:
        show_plan(sent_table.name, plan)
        return None, is_sound
    if not options["yes"] and not confirming.is_confirmed(
        plan.digest, options["digest"], lambda: show_plan(sent_table.name, plan), "Bring exactly this?"
    ):
        return None, False
    return (plan.answers, plan.digest), is_sound


def _get_settings() -> Settings:
    settings: Settings = current_app.extensions["donorhub.settings"]
    return settings


def _end_command(*, is_sound: bool) -> None:
    if not is_sound:
        sys.exit(1)


def _make_plan(
    sent_table: SentTable, kind: Kind, options: dict[str, Any], sent_presets: Collection[str]
) -> RecordPlan:
    table = sent_table.table
    answers = replace(record_plans.find_earlier_answers(table) or Answers(), kind=kind)
    new_answers = {name: options[name] for name in _ANSWERS if options[name]}
    columns, custom = _read_columns(table.header, options["column"])
    plain = {
        **answers.to_dict(),
        "system": answers.system or GENERIC_SYSTEM,
        "columns": {**answers.columns, **columns},
        "custom": {**answers.custom, **custom},
        "years": _read_years(table, options["year"]),
        **new_answers,
    }
    answers = record_files.parse_answers(plain)
    plan = record_plans.make_plan(table, answers, now=clock.now(), sent_presets=sent_presets)
    if options["new_funds"] and (plan.plan.unknown_funds or plan.plan.unknown_campaigns):
        answers = replace(
            answers,
            funds={**answers.funds, **dict.fromkeys(plan.plan.unknown_funds, "new")},
            campaigns={**answers.campaigns, **dict.fromkeys(plan.plan.unknown_campaigns, "new")},
        )
        plan = record_plans.make_plan(table, answers, now=clock.now(), sent_presets=sent_presets)
    return plan


def _read_years(table: RecordTable, texts: Sequence[str]) -> dict[str, str | int]:
    """Return the years of the sheets by their names; a year alone is that of every sheet."""
    years: dict[str, str | int] = {}
    for text in texts:
        name, _, year = text.rpartition("=")
        names = [name] if name else [sheet.name for sheet in table.sheets]
        years |= dict.fromkeys(names, int(year) if year.isdigit() else year)
    return years


def _read_columns(header: Sequence[str], texts: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields of columns by their places, and the keys of those that the organisation added."""
    names = {
        shape.name for entity in CUSTOM_FIELDS.values() for shape in custom_fields.list_shapes(entity=entity)
    }
    columns: dict[str, str] = {}
    custom: dict[str, str] = {}
    for text in texts:
        name, _, word = text.rpartition("=")
        words = [*(field for field in FIELDS if field not in CUSTOM_FIELDS), *sorted(names)]
        if name not in header or word not in words:
            raise Rejected(
                f"--column {text}: say the name of a column and one of {', '.join(words)}",
                code="column_unknown",
            )
        place = str(header.index(name))
        columns[place], key = split_custom(word) or (word, "")
        if key:
            custom[place] = key
    return columns, custom


def _keep_table(sent_table: SentTable, answers: Answers, digest: str) -> int:
    """Keep a file and plan that it is written as it was shown; return its id."""
    now, actor = clock.now(), get_actor()
    file, _ = record_files.receive_file(
        sent_table.content,
        sent_table.name,
        now=now,
        actor=actor,
        answers=answers,
        limit_mb=_get_settings().upload_limit_mb,
    )
    if file.state == "asking":
        record_plans.plan_file(file, now=now, answers=answers, table=sent_table.table)
        record_files.plan_writing(file, digest, now=now, actor=actor)
    file_id = file.id
    db.session.commit()
    return file_id


def _write_file(file_id: int, filename: str) -> None:
    task = imports.find_reading_task(record_files.get_file(file_id))
    if task is not None and record_files.get_file(file_id).state == "received":
        run_task(task.id)
    file = record_files.get_file(file_id)
    click.echo(f"{filename}: {file.state}, {file.new_count} rows brought, {file.known_count} known already")


# ---------------------------------------------------------------- what is said


def show_plan(name: str, plan: RecordPlan) -> None:
    """Print what bringing a file would do."""
    figures, counts = plan.figures, plan.figures["counts"]
    click.echo(f"{name}: not brought yet, digest {plan.digest[:DIGITS]}")
    if plan.answers.preset:
        click.echo(f"  recognised as {plan.answers.preset}")
    for guess in plan.writing.guesses:
        samples = " | ".join(guess.samples)
        click.echo(f"  {guess.name}: {guess.field} ({guess.ground})  {samples}"[:110])
    sums = ", ".join(str(Money(minor, currency)) for currency, minor in figures["sums"].items())
    click.echo(
        f"  {figures['rows']} rows: {counts['made']} made, {counts['joined']} joined, "
        f"{counts['known']} known, {counts['held']} held, {counts['left_out']} left out"
    )
    click.echo(
        f"  {figures['new_donors']} new donors, {figures['known_donors']} known; {figures['gifts']} gifts"
        + (f", {sums}" if sums else "")
    )
    for total in figures["sheets"]:
        _show_total(total)
    for row in [row for row in plan.plan.rows if row.state == "held"][:_MOST_SHOWN]:
        click.echo(f"  held {row.record.key}: {record_words.write_reason(row.reason)}")
    for question in plan.questions:
        what = plan.header[question.position] if question.position is not None else ""
        examples = ", ".join(question.examples)
        click.echo(
            f"  asks {question.code} {what}: {record_words.QUESTIONS[question.code]} {examples}".rstrip()
        )


def _show_total(total: dict[str, Any]) -> None:
    own = total["own_minor"]
    sum_ = Money(total["minor"], total["currency"])
    line = f"  sheet {total['sheet'] or '-'}: {total['count']} gifts, {sum_}"
    if own is not None:
        difference = Money(own - total["minor"], total["currency"])
        line += f"; the file says {Money(own, total['currency'])}, difference {difference}"
    if total["out_rows"]:
        line += f" (not counted: rows {', '.join(map(str, total['out_rows'][:10]))})"
    click.echo(line)
