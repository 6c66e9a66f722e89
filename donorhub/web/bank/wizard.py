"""The mapping wizard: a table that nobody knows is laid open, its columns named, tried out, then imported.

Looking is a GET with every choice in its address; it brings nothing into the ledger and keeps only
the plan that the page shows, which Import confirms by its digest. How a table is read stands in
:mod:`importers.table.draft`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Final
from urllib.parse import parse_qsl

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db, set_reading
from donorhub.errors import NotFound
from donorhub.models import BankAccount, ColumnMapping, ImportFile, ImportRow
from donorhub.services.bank import bank_views
from donorhub.services.bank.bank_views import LedgerOverlap
from donorhub.services.bank.files import (
    bank_accounts,
    column_mappings,
    confirmed_imports,
    import_plans,
    import_rows,
    imports,
)
from donorhub.services.bank.files.import_plans import Choices, Plan
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.bank import samples
from donorhub.web.bank.answers import drop_proposals, read_answers, write_seen
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import read_row_id
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import bank_problems, bank_tables, labels
from importers.table.proof import Question
from importers.tabular import Draft, Layout, Preview, preview_table
from importers.text import DATE_ORDERS

ROWS_SHOWN: Final = 20
FAULTS_SHOWN: Final = 100
IN_FILE: Final = "file"
MOUTHS: Final = ("name", "name_from", "remittance")  # columns without which no donor can be told


@dataclass(slots=True)
class Wizard:
    """All that one page of the wizard shows, and what Import would do."""

    file: ImportFile
    draft: Draft
    fields: Mapping[str, str]  # what the person said, without what the page proposed
    account: BankAccount | None = None
    choice: str = ""  # the account field: an id, ``file``, or "" while nobody said
    preview: Preview | None = None
    ledger: LedgerOverlap = field(default_factory=LedgerOverlap)
    name: str = ""
    changes: Mapping[int, ImportRow] = field(default_factory=dict)  # of rows that cannot be read, by line
    plan: Plan | None = None  # what Import would do to the ledger as it is
    shown: Plan | None = None  # what a person confirmed that fits no more
    is_known: bool = False  # a known layout is taken as it is: nobody changed anything

    @property
    def choices(self) -> Choices:
        """What Import says of the file."""
        return Choices(
            layout=self.layout.to_dict() if self.layout else None,
            bank_account_id=self.account.id if self.account else None,
            currency=self.currency,
            create_accounts=bool(self.number) and self.account is None,
        )

    @property
    def account_state(self) -> str:
        """How the account is known, as of a fact."""
        return "said" if self.fields.get("account") else "found" if self.choice == IN_FILE else "before"

    @property
    def number(self) -> str:
        """The account that the file itself names, "" where a person chose one."""
        return self.draft.account if self.choice == IN_FILE else ""

    @property
    def is_open(self) -> bool:
        """Whether something must still be said."""
        return bool(self.questions) or not self.choice or self.draft.layout is None

    @property
    def questions(self) -> list[Question]:
        """What must still be said of the table: of a known layout only what it leaves to each file."""
        known_layout = self.draft.known_layout if self.is_known else None
        if known_layout is None:
            return list(self.draft.questions)
        settled_keys = {
            "columns": True,
            "date_order": known_layout.date_order in DATE_ORDERS,
            "decimal": bool(known_layout.decimal),
            "amounts": bool(known_layout.amounts),
            "fees": bool(known_layout.fees),
            "currency": bool(known_layout.currency)
            or known_layout.has_role("currency")
            or _finds_currency(known_layout),
        }
        return [question for question in self.draft.questions if not settled_keys[question.code]]

    @property
    def other_currency(self) -> str:
        """The currency of the rows, where the account that was chosen is in another."""
        if self.account is None or self.preview is None:
            return ""
        currencies = {statement.currency for statement in self.preview.reading.statements}
        return ", ".join(sorted(currencies - {self.account.currency}))

    @property
    def can_import(self) -> bool:
        is_read = self.preview is not None and bool(self.preview.reading.statements)
        return is_read and imports.can_import(self.file) and not self.other_currency

    @property
    def base(self) -> Layout | None:
        """The layout of this bank that was there before, with this header or another one."""
        change = self.draft.change
        return self.draft.known_layout or (change.layout if change else None)

    @property
    def layout(self) -> Layout | None:
        """The layout that Import takes."""
        if self.is_known:
            return self.draft.known_layout
        return replace(self.draft.layout, name=self.name) if self.draft.layout else None

    @property
    def currency(self) -> str:
        """The currency in force for rows that name none."""
        return self.draft.writing.currency


def _finds_currency(layout: Layout) -> bool:
    return any(place.fact == "currency" for place in layout.found)


@bp.get("/files/<int:file_id>/columns")
@require_permission("imports:read")
def show_columns(file_id: int) -> str:
    """Show the table with the role of each column, as it is read with them; the plan of it is kept."""
    wizard = _open_wizard(imports.get_file(file_id), request.args.to_dict())
    if get_principal().has_permission("imports:write") and not wizard.is_open and wizard.can_import:
        db.session.rollback()
        set_reading(False)  # the plan is found out by doing it, and taking it back
        _keep_plan(wizard)
        commit()
    return _show_page(wizard)


def _keep_plan(wizard: Wizard) -> None:
    """Find out what Import would do and keep that, for the button that confirms it."""
    if wizard.is_open or not wizard.can_import:
        return
    wizard.plan = import_plans.make_plan(wizard.file, wizard.choices, now=clock.now())
    import_plans.keep_plan(wizard.file, wizard.plan, now=clock.now())


@bp.post("/files/<int:file_id>/columns")
@require_permission("imports:write")
def import_columns(file_id: int) -> Response | tuple[str, int]:
    """Import the file as the page showed it, and remember the columns by their header.

    What is confirmed is the plan of the page, by its digest. Where the form, the file, the columns or
    the ledger say something else by now, nothing is stored, and what it would do now is shown.
    """
    file = imports.get_file(file_id)
    if not imports.can_import(file):
        tell_reader(gettext("This file is imported already: nothing was changed."), "info")
        return redirect(url_for("bank.show_file", file_id=file_id))
    form = request.form.to_dict()
    wizard = _open_wizard(file, form)
    shown = import_plans.find_plan(file_id, form.get("digest", ""))
    _keep_plan(wizard)
    if wizard.plan is None or shown is None or wizard.plan.digest != shown.digest:
        wizard.shown = shown
        commit()
        return _show_page(wizard), 422
    _import_file(wizard, shown.digest)
    commit()
    return redirect(url_for("bank.show_file", file_id=file_id))


def _import_file(wizard: Wizard, digest: str) -> None:
    now, who, file, choices = clock.now(), get_actor(), wizard.file, wizard.choices
    if wizard.fields.get("remember") and choices.layout is not None:
        column_mappings.save_mapping(
            choices.layout,
            name=wizard.name,
            bank_account_id=None if wizard.number else choices.bank_account_id,
            now=now,
            actor=who,
        )
    confirmed_imports.start_import(file, choices, digest, now=now, actor=who)


# ---------------------------------------------------------------- reading the table


def _open_wizard(file: ImportFile, form: Mapping[str, str]) -> Wizard:
    if file.kind == "records":
        raise NotFound(f"there is no bank file {file.id}: it brings donors and gifts")
    fields = drop_proposals(form)
    content = imports.read_content(file)
    wizard = Wizard(file, column_mappings.draft_layout(content, read_answers(fields)), fields)
    wizard.is_known = _is_known(wizard, content)
    _choose_account(wizard, column_mappings.find_by_layout(wizard.base))
    wizard.name = fields.get("name", "").strip()[:80] or _propose_name(wizard)
    if not wizard.is_open:
        _try_out(wizard, content)
    return wizard


def _is_known(wizard: Wizard, content: bytes) -> bool:
    """Return whether a layout is known and the form says what the page says by itself.

    A browser sends every field, changed or not: what is read may not depend on that.
    """
    draft = wizard.draft
    return draft.known_layout is not None and draft.layout == column_mappings.draft_layout(content).layout


def _choose_account(wizard: Wizard, mapping: ColumnMapping | None) -> None:
    """Choose whose account it is: what a person said, what the file says, or what it was the last time."""
    draft = wizard.draft
    before = wizard.file.bank_account_id or (mapping.bank_account_id if mapping else None)
    wizard.choice = wizard.fields.get("account") or (IN_FILE if draft.account else str(before or ""))
    if wizard.choice == IN_FILE:
        if not draft.account:
            wizard.choice = ""
            return
        wizard.account = bank_accounts.find_account(draft.account, _guess_currency(draft))
        return
    account_id = read_row_id(wizard.choice)
    wizard.account = next((account for account in _list_accounts() if account.id == account_id), None)
    if wizard.account is None:
        wizard.choice = ""
        return
    if draft.is_relevant("currency") and not wizard.fields.get("currency"):
        wizard.draft = draft.take_currency(wizard.account.currency)


def _list_accounts() -> Sequence[BankAccount]:
    return [row.account for row in bank_views.list_account_rows()]


def _guess_currency(draft: Draft) -> str:
    """Return the currency of the rows, as far as it is known before they are read."""
    column = next((column for column in draft.columns if column.role == "currency"), None)
    code = next((text for text in column.samples if text), "") if column else draft.writing.currency
    return code.strip().upper()


def _propose_name(wizard: Wizard) -> str:
    if wizard.base is not None and wizard.base.name:
        return wizard.base.name
    return wizard.account.name if wizard.account else PurePath(wizard.file.filename).stem[:80]


def _try_out(wizard: Wizard, content: bytes) -> None:
    """Read the whole file as it would be imported, and see what of it the ledger has."""
    layout = wizard.layout
    if layout is None:
        return
    currency = wizard.currency or (wizard.account.currency if wizard.account else "")
    wizard.changes = {row.line: row for row in import_rows.list_changes(wizard.file.id)}
    wizard.preview = preview_table(
        content,
        layout,
        ROWS_SHOWN,
        failure_limit=FAULTS_SHOWN,
        currency=currency,
        changes=import_rows.find_changes(wizard.file.id),
    )
    for statement in wizard.preview.reading.statements:
        account = wizard.account
        if statement.account:
            account = bank_accounts.find_account(statement.account, statement.currency)
        overlap = bank_views.compare_with_ledger(account, statement)
        wizard.ledger.new_count += overlap.new_count
        wizard.ledger.known_count += overlap.known_count
        wizard.ledger.doubtful_count += overlap.doubtful_count
        wizard.ledger.states.update(overlap.states)


# ---------------------------------------------------------------- the page


def find_layout(file: ImportFile, query: str) -> dict[str, object] | None:
    """Return the layout that a file is read with under the choices of an address."""
    layout = _open_wizard(file, dict(parse_qsl(query))).layout
    return layout.to_dict() if layout is not None else None


def show_columns_again(file_id: int, query: str, fault: str) -> str:
    """Return the page under the choices of an address, with what was refused of one of its rows."""
    return _show_page(_open_wizard(imports.get_file(file_id), dict(parse_qsl(query))), query, fault)


def _show_page(wizard: Wizard, query: str | None = None, fault: str = "") -> str:
    draft, trial = wizard.draft, wizard.preview
    problems = trial.reading.problems if trial else draft.problems
    roles = {column.role for column in draft.columns}
    facts = samples.list_facts(draft, wizard.fields)
    return render_template(
        "bank/columns.html",
        wizard=wizard,
        draft=draft,
        facts=facts,
        seen=write_seen(_list_proposals(wizard, facts)),
        questions=samples.word_questions(draft, wizard.questions),
        columns=samples.sample_columns(draft, trial),
        roles=bank_tables.word_roles(bank_tables.ROLE_GROUPS),
        sides=bank_tables.SIDES,
        rows=samples.list_rows(trial, wizard.ledger, wizard.changes, len(draft.columns)),
        query=request.query_string.decode() if query is None else query,
        fault=fault,
        can_change_rows=imports.can_import(wizard.file),
        problems=[
            bank_problems.word_problem(problem)
            for problem in problems
            if not (problem.where and trial and problem.level == "error")
        ],
        accounts=_list_accounts(),
        is_mute=bool(draft.columns) and roles.isdisjoint(MOUTHS),
        failed_count=int(trial.reading.facts.get("failed", "0")) if trial else 0,
        left_out_count=int(trial.reading.facts.get("skipped.by_choice", "0")) if trial else 0,
        used_count=sum(bool(column.role) for column in draft.columns),
        fact_states=bank_tables.FACT_STATES,
        fact_looks=bank_tables.FACT_LOOKS,
        row_states=bank_tables.ROW_STATES,
        row_looks=bank_tables.ROW_LOOKS,
        words=labels,
        shown=samples.word_plan(wizard.shown) if wizard.shown else "",
        now=samples.word_plan(wizard.plan) if wizard.plan else "",
    )


def _list_proposals(wizard: Wizard, facts: Sequence[samples.Fact]) -> Iterator[tuple[str, str]]:
    """Yield the fields that the person has not filled, with what the page puts into them."""
    yield from ((fact.name, fact.value) for fact in facts if fact.state != "said")
    if not wizard.fields.get("account"):
        yield "account", wizard.choice
    for column in wizard.draft.columns:
        if column.reason.code != "person":
            yield f"role{column.position}", column.role or ""
