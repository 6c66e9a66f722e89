"""What bringing a file of donors and gifts would do: the plan of each row, the figures that are shown of it,
and the digest that stands for both.

Planning writes nothing of the base: the plan is the dry run.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, select

from donorhub.db import cut_chunks, db, insert_or_ignore
from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.birth_cells import settle_births
from donorhub.domain.moving.column_names import fold_name
from donorhub.domain.moving.columns import guess_columns
from donorhub.domain.moving.custom_names import name_shapes
from donorhub.domain.moving.custom_writings import settle_custom
from donorhub.domain.moving.field_words import OUR_COLUMNS
from donorhub.domain.moving.gift_keys import make_refs
from donorhub.domain.moving.period_cells import unfold_periods
from donorhub.domain.moving.plan import group_records, judge_rows
from donorhub.domain.moving.plan_rows import Plan, RowPlan
from donorhub.domain.moving.presets import Preset
from donorhub.domain.moving.record_rows import read_records
from donorhub.domain.moving.records import Record
from donorhub.domain.moving.totals import sum_row_sums, sum_sheets, sum_years
from donorhub.domain.moving.writings import Question, Writing, settle_writing
from donorhub.errors import Rejected
from donorhub.models import ImportFile, ImportPlan, RecordRow
from donorhub.services import shown
from donorhub.services.access import organisation
from donorhub.services.bank.files import imports
from donorhub.services.donors import custom_fields
from donorhub.services.moving import record_files, record_presets
from donorhub.services.moving.record_ledger import read_ledger
from importers.records import RecordTable
from importers.sheet import UnreadableTable
from importers.table.records import read_records as read_table
from importers.text import Undecodable

READER: Final = 10  # raised when the same file is understood differently, so that no older plan fits
_CHUNK: Final = 1000  # rows in one statement


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """What a file would do under a person's answers, with the figures of it as plain values."""

    digest: str
    answers: Answers
    header: tuple[str, ...]
    writing: Writing
    plan: Plan
    figures: dict[str, Any]
    questions: tuple[Question, ...]

    @property
    def can_be_written(self) -> bool:
        """Whether nothing is asked any more and something would come of it."""
        counts = self.figures["counts"]
        return not self.questions and counts["made"] + counts["joined"] > 0


def read_signature(table: RecordTable) -> str:
    """Return what is the same for tables with the same columns."""
    names = [fold_name(name) for name in table.header if not name.startswith(OUR_COLUMNS)]
    return "records:" + shown.compute_digest(names)[:32]


def find_earlier_answers(table: RecordTable) -> Answers | None:
    """Return what was said of the last table with these columns; None for a new one or one without names."""
    return record_files.find_remembered_answers(read_signature(table)) if table.has_names else None


def read_bytes(data: bytes, filename: str) -> RecordTable:
    """Return the table in a file; raise Rejected, with the reason, where it has none."""
    try:
        return read_table(data, record_presets.is_column_name)
    except (UnreadableTable, Undecodable) as e:
        raise Rejected(f"{filename}: {e}", code="no_table_of_people") from e


def make_plan(
    table: RecordTable, answers: Answers, *, now: datetime, sent_presets: Collection[str] = ()
) -> RecordPlan:
    """Return what bringing a table does to the base as it is; nothing is written.

    ``sent_presets`` are those of files that were sent with it and come before it.
    """
    answers, preset = record_presets.settle_preset(table.header, answers)
    shapes = [*custom_fields.list_shapes(), *custom_fields.list_shapes(entity="gift")]
    unfolded_table = unfold_periods(table, answers, today=organisation.get_day(now))
    table = unfolded_table.table
    guesses = guess_columns(
        table,
        answers,
        preset,
        name_shapes(shapes),
        unfolded_table.fields,
        unfolded_table.month_places,
    )
    home_country = organisation.get_home_country()
    writing = settle_writing(table, guesses, answers, home_country=home_country, preset=preset)
    writing = settle_births(table, writing, answers)
    writing = settle_custom(table, writing, shapes, answers)
    records = list(read_records(table, writing, answers, today=organisation.get_day(now)))
    rows, people = group_records(records, answers)
    make_refs(rows)
    plan = judge_rows(
        rows,
        people,
        read_ledger(
            rows,
            people.groups,
            answers.system,
            shapes,
            now=now,
        ),
        answers,
    )
    present_presets = {*sent_presets, *_find_brought_presets(preset)}
    missing_files = record_presets.ask_missing_files(preset, answers, present_presets)
    questions = (*missing_files, *unfolded_table.questions, *writing.questions, *_ask_purposes(plan))
    figures = _collect_figures(table, writing, plan)
    digest = _compute_digest(answers, plan, questions)
    return RecordPlan(digest, answers, table.header, writing, plan, figures, questions)


def _find_brought_presets(preset: Preset | None) -> Collection[str]:
    return record_files.list_brought_presets() if preset is not None and preset.source.belongs_with else ()


def _compute_digest(answers: Answers, plan: Plan, questions: Sequence[Question]) -> str:
    """Return the digest of all that would be done, hashed row by row, which takes no memory."""
    head = [READER, answers.to_dict(), [question.code for question in questions]]
    digest = hashlib.sha256(shown.compute_digest(head).encode())
    for row in plan.rows:
        digest.update(json.dumps(_describe_row(row), ensure_ascii=False).encode())
    for donor in plan.donors:
        digest.update(json.dumps(_describe_donor(donor), ensure_ascii=False).encode())
    return digest.hexdigest()


def _ask_purposes(plan: Plan) -> list[Question]:
    questions = []
    if plan.unknown_funds:
        questions.append(Question("fund", examples=plan.unknown_funds))
    if plan.unknown_campaigns:
        questions.append(Question("campaign", examples=plan.unknown_campaigns))
    return questions


def _describe_row(row: RowPlan) -> list[object]:
    gift = row.record.gift
    money: list[object] = (
        [gift.amount.minor, gift.amount.currency, gift.received_on.isoformat(), gift.funds] if gift else []
    )
    if gift and gift.custom:
        money.append([[key, repr(value)] for key, value in gift.custom])
    return [
        row.record.key,
        row.state,
        row.reason,
        row.group,
        row.companions,
        [[tie.kind, tie.title, *ends] for tie, *ends in row.ties],
        [row.credited_group, _describe_credit(row)],
        row.source_ref,
        row.gift_id,
        [[key, repr(value)] for key, value in sorted(row.gift_custom.items())],
        [[key, repr(value)] for key, value in sorted(row.gift_changes.items())],
        money,
        row.record.texts,
    ]


def _describe_credit(row: RowPlan) -> list[object] | None:
    """Return for which gift a row recognises somebody; None where it does not."""
    gift, credit = row.credited_gift, row.record.credit
    if gift is None or credit is None:
        return None
    return [gift.record.key if isinstance(gift, RowPlan) else gift, credit.amount.minor]


def _describe_donor(donor: Any) -> list[object]:
    return [
        donor.donor_id,
        donor.changes,
        donor.more_contacts,
        donor.more_note,
        [[key, repr(value)] for key, value in sorted(donor.custom.items())],
        donor.forbids,
        donor.answer,
        donor.is_used,
    ]


def _collect_figures(table: RecordTable, writing: Writing, plan: Plan) -> dict[str, Any]:
    used_donors = [donor for donor in plan.donors if donor.is_used]
    new = [donor for donor in used_donors if donor.donor_id is None]
    sums: Counter[str] = Counter()
    for row in plan.rows:
        if row.gift is not None:
            sums[row.gift.amount.currency] += row.gift.amount.minor
    shown_rows = [row for row in plan.rows if not row.is_total]
    return {
        "rows": len(shown_rows),
        "counts": plan.count_states(),
        "gifts": sum(1 for row in plan.rows if row.gift is not None),
        "sums": dict(sorted(sums.items())),
        "new_donors": len(new),
        "known_donors": len(used_donors) - len(new),
        "members": plan.count_ties("member"),
        "contact_people": plan.count_ties("contact_person"),
        "changed_donors": sum(donor.has_more for donor in plan.donors),
        "opt_outs": sum(1 for donor in plan.donors if donor.group.person.has_no),
        "consents": sum(1 for donor in used_donors if donor.answer.startswith("given")),
        "unproved": sum(1 for donor in used_donors if donor.answer == "unknown"),
        "refused_cells": Counter(code for row in shown_rows for _, code in row.record.refused_cells),
        "reasons": [
            [state, reason, count]
            for (state, reason), count in sorted(
                Counter((row.state, row.reason) for row in shown_rows if row.reason).items()
            )
        ],
        "years": [asdict(total) for total in sum_years(plan)],
        "sheets": [asdict(total) for total in sum_sheets(plan, table, writing)],
        "row_sums": [asdict(total) for total in sum_row_sums(plan, table, writing)],
        "months": any(sheet.origin is not None for sheet in table.sheets),
        "others": [asdict(other) for other in table.others],
        "last_day": max(
            (row.record.gift.received_on.isoformat() for row in plan.rows if row.record.gift), default=""
        ),
    }


# ---------------------------------------------------------------- plans of files that were kept


def plan_file(
    file: ImportFile, *, now: datetime, answers: Answers | None = None, table: RecordTable | None = None
) -> RecordPlan:
    """Return the plan of a file under what was said of it, of the last like table where nothing was, and keep
    it with its rows. ``table`` is what the file holds, if it was read already.
    """
    table = table or read_bytes(imports.read_content(file), file.filename)
    signature = read_signature(table)
    if answers is None and file.layout is None:
        answers = find_earlier_answers(table)
    answers = answers or record_files.read_answers(file)
    plan = make_plan(table, answers, now=now)
    record_files.set_answers(file, plan.answers)
    file.profile, file.format = signature, "records"
    keep_plan(file, plan, now=now)
    file.summaries = [_summarise_plan(plan)]
    return plan


def _summarise_plan(plan: RecordPlan) -> dict[str, Any]:
    """Return what pages show of a plan without reading the file again."""
    return {
        "digest": plan.digest,
        "figures": plan.figures,
        "columns": [asdict(guess) for guess in plan.writing.guesses],
        "questions": [asdict(question) for question in plan.questions],
        "header": list(plan.header),
        "can_be_written": plan.can_be_written,
        "phone_country": plan.writing.phone_country,
        "bare_names": sum(1 for one in plan.plan.donors if one.group.is_bare),
    }


def keep_plan(file: ImportFile, plan: RecordPlan, *, now: datetime) -> None:
    """Keep the figures of a plan under its digest, and its rows in place of those of an earlier one."""
    db.session.execute(
        insert_or_ignore(ImportPlan, on=(ImportPlan.import_file_id, ImportPlan.digest)).values(
            import_file_id=file.id,
            digest=plan.digest,
            plan={"answers": plan.answers.to_dict(), "figures": plan.figures},
            made_at=now,
        )
    )
    db.session.execute(delete(RecordRow).where(RecordRow.import_file_id == file.id))
    rows = (make_row(file.id, row) for row in plan.plan.rows if not row.is_total)
    for chunk in cut_chunks(rows, _CHUNK):
        db.session.execute(insert(RecordRow), chunk)


def find_figures(import_file_id: int, digest: str) -> dict[str, Any] | None:
    """Return the figures that were shown under a digest; None where none were."""
    plan = db.session.scalar(select(ImportPlan.plan).filter_by(import_file_id=import_file_id, digest=digest))
    return None if plan is None else dict(plan["figures"])


def make_row(import_file_id: int, row: RowPlan) -> dict[str, Any]:
    """Return the columns of a row of the plan."""
    return {
        "import_file_id": import_file_id,
        "sheet": row.record.sheet,
        "row_no": row.record.number,
        "raw": list(row.record.texts),
        "plan": _describe_record(row.record, row.differing_keys),
        "state": row.state,
        "reason": row.reason,
        "donor_id": None,
        "gift_id": row.gift_id,
        "made_donor": False,
        "made_gift": False,
    }


def _describe_record(record: Record, differing_keys: Sequence[str] = ()) -> dict[str, Any]:
    gift = record.gift
    plain: dict[str, Any] = {"name": record.person.name}
    if gift is not None:
        plain |= {
            "minor": gift.amount.minor,
            "currency": gift.amount.currency,
            "day": gift.received_on.isoformat(),
        }
    elif record.amount is not None:
        plain |= {"minor": record.amount.minor, "currency": record.amount.currency}
    if differing_keys:
        plain["differs"] = list(differing_keys)
    if record.cell:
        plain |= {"cell": record.cell, "origin": record.origin}
    if record.fault_field:
        plain["field"] = record.fault_field
    if record.refused_cells:
        plain["refused"] = [list(one) for one in record.refused_cells]
    return plain
