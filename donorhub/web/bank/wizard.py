"""The mapping wizard: a table that nobody knows is laid open, its columns named, tried out, then imported.

Looking is a GET that changes nothing, with every choice in its address; only Import
stores something. How a table is read stands in :mod:`donorhub.web.bank.columns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import BankAccount, ColumnMapping, ImportFile
from donorhub.models.states import READABLE_AGAIN_FILES
from donorhub.services.bank import bank_views
from donorhub.services.bank.bank_views import Known
from donorhub.services.bank.files import bank_accounts, column_mappings, imports
from donorhub.web.bank import samples
from donorhub.web.bank.blueprint import actor, bp
from donorhub.web.bank.columns import look
from donorhub.web.bank.layout import matters
from donorhub.web.bank.look import Look
from donorhub.web.forms import row_id
from donorhub.web.shell import commit, needs, say
from donorhub.web.words import bank, labels
from importers.table.changes import Change, changed_since
from importers.table.layout import Layout
from importers.tabular import Preview, fitting_rows, preview, recognise

ROWS_SHOWN: Final = 20
FAILED_SHOWN: Final = 100
AGAIN: Final = ("asking", *READABLE_AGAIN_FILES)
IN_FILE: Final = "file"
MOUTHS: Final = ("name", "name_from", "remittance")  # columns without which no donor can be told


@dataclass(slots=True)
class Draft:
    """All that one page of the wizard shows, and what Import would do."""

    file: ImportFile
    seen: Look
    given: Mapping[str, str]
    change: Change | None = None
    known: Layout | None = None  # a layout that has this very header
    account: BankAccount | None = None
    choice: str = ""  # the account field: an id, ``file``, or "" while nobody said
    preview: Preview | None = None
    ledger: Known = field(default_factory=Known)
    name: str = ""

    @property
    def number(self) -> str:
        """The account that the file itself names, "" where a person chose one."""
        return self.seen.account if self.choice == IN_FILE else ""

    @property
    def is_open(self) -> bool:
        """Whether something must still be said."""
        return bool(self.seen.questions) or not self.choice or self.seen.layout is None

    @property
    def other_currency(self) -> str:
        """The currency of the rows, where the account that was chosen is in another."""
        if self.account is None or self.preview is None:
            return ""
        told = {statement.currency for statement in self.preview.reading.statements}
        return ", ".join(sorted(told - {self.account.currency}))

    @property
    def can_import(self) -> bool:
        is_read = self.preview is not None and bool(self.preview.reading.statements)
        return is_read and self.file.state in AGAIN and not self.other_currency


@bp.get("/files/<int:file_id>/columns")
@needs("imports:read")
def columns(file_id: int) -> str:
    """The table with the role of each column, read live; nothing is stored."""
    return _page(_draft(imports.get_file(file_id), request.args.to_dict()))


@bp.post("/files/<int:file_id>/columns")
@needs("imports:write")
def import_columns(file_id: int) -> Response | tuple[str, int]:
    """Import the file as the page shows it, and remember the columns by their header."""
    file = imports.get_file(file_id)
    if file.state not in AGAIN:
        say(gettext("This file is imported already: nothing was changed."), "info")
        return redirect(url_for("bank.file", file_id=file_id))
    draft = _draft(file, request.form.to_dict())
    if draft.is_open or not draft.can_import:
        return _page(draft), 422
    _import(draft)
    commit()
    return redirect(url_for("bank.file", file_id=file_id))


def _import(draft: Draft) -> None:
    now, who = clock.now(), actor()
    account_id = draft.account.id if draft.account else None
    layout = _layout(draft)
    if layout is None:
        raise ValueError("a draft without open questions has a layout")
    plain = layout.to_dict()
    if draft.given.get("remember"):
        column_mappings.save(
            plain, name=layout.name, bank_account_id=None if draft.number else account_id, now=now, actor=who
        )
    answers: dict[str, Any] = {
        "bank_account_id": account_id, "layout": plain, "currency": draft.seen.facts.get("currency", ""),
        "create_accounts": bool(draft.number) and draft.account is None, "now": now, "actor": who,
    }  # fmt: skip
    if draft.file.state == "asking":
        imports.answer(draft.file.id, **answers)
    else:
        imports.receive(imports.content(draft.file), draft.file.filename, **answers)


# ---------------------------------------------------------------- reading the table


def _draft(file: ImportFile, given: dict[str, str]) -> Draft:
    content = imports.content(file)
    mappings = column_mappings.saved()
    layouts = [Layout.from_dict(row.layout) for row in mappings]
    known = recognise(content, layouts) or fitting_rows(content, layouts)
    seen = look(content, given, before=known)
    change = None
    if known is None:
        change = changed_since([column.header for column in seen.columns], layouts)
        if change is not None:
            seen = look(content, given, before=change.layout)
    draft = Draft(file, seen, given, change, known)
    _choose_account(draft, _mapping_of(known or (change.layout if change else None), mappings, layouts))
    draft.name = given.get("name", "").strip()[:80] or _name(draft)
    if not draft.is_open:
        _try_out(draft, content)
    return draft


def _mapping_of(layout: Layout | None, mappings: Any, layouts: list[Layout]) -> ColumnMapping | None:
    for row, saved in zip(mappings, layouts, strict=True):
        if saved == layout:
            found: ColumnMapping = row
            return found
    return None


def _choose_account(draft: Draft, mapping: ColumnMapping | None) -> None:
    """Whose account it is: what a person said, what the file says, or what it was the last time."""
    seen = draft.seen
    before = draft.file.bank_account_id or (mapping.bank_account_id if mapping else None)
    draft.choice = draft.given.get("account") or (IN_FILE if seen.account else str(before or ""))
    if draft.choice == IN_FILE:
        if not seen.account:
            draft.choice = ""
            return
        found = bank_accounts.find_account(seen.account, _currency(draft))
        draft.account = found
        return
    account_id = row_id(draft.choice)
    draft.account = next((row.account for row in bank_views.accounts() if row.account.id == account_id), None)
    if draft.account is None:
        draft.choice = ""
        return
    if matters(seen, "currency") and not draft.given.get("currency"):
        seen.facts["currency"] = seen.found["currency"] = draft.account.currency
        seen.questions = [question for question in seen.questions if question.code != "currency"]


def _currency(draft: Draft) -> str:
    """The currency of the rows, as far as it is known before they are read."""
    at = next((column for column in draft.seen.columns if column.role == "currency"), None)
    told = next((text for text in at.samples if text), "") if at else draft.seen.facts.get("currency", "")
    return told.strip().upper()


def _name(draft: Draft) -> str:
    layout = draft.known or (draft.change.layout if draft.change else None)
    if layout is not None and layout.name:
        return layout.name
    return draft.account.name if draft.account else PurePath(draft.file.filename).stem[:80]


def _layout(draft: Draft) -> Layout | None:
    """The layout that Import takes: a known one as it is, until a person changes something."""
    if draft.known is not None and not _is_changed(draft):
        return draft.known
    return replace(draft.seen.layout, name=draft.name) if draft.seen.layout else None


def _is_changed(draft: Draft) -> bool:
    return "basis" in draft.given


def _try_out(draft: Draft, content: bytes) -> None:
    """Read the whole file as it would be imported, and see what of it the ledger has."""
    layout = _layout(draft)
    if layout is None:
        return
    currency = draft.seen.facts.get("currency", "") or (draft.account.currency if draft.account else "")
    draft.preview = preview(content, layout, ROWS_SHOWN, failed=FAILED_SHOWN, currency=currency)
    for statement in draft.preview.reading.statements:
        account = draft.account
        if statement.account:
            account = bank_accounts.find_account(statement.account, statement.currency)
        found = bank_views.in_ledger(account, statement)
        draft.ledger.new += found.new
        draft.ledger.known += found.known
        draft.ledger.doubtful += found.doubtful
        draft.ledger.states.update(found.states)


# ---------------------------------------------------------------- the page


def _page(draft: Draft) -> str:
    problems = list(draft.preview.reading.problems if draft.preview else draft.seen.problems)
    return render_template(
        "bank/columns.html",
        draft=draft,
        seen=draft.seen,
        facts=samples.facts(draft.seen),
        questions=samples.questions(draft.seen),
        columns=samples.columns(draft.seen, draft.preview),
        roles=samples.ROLES,
        sides=samples.SIDES,
        rows=samples.rows(draft.preview, draft.ledger),
        problems=[
            {"level": p.level, "message": p.message, "where": p.where, "means": bank.fault(p.code)}
            for p in problems
            if not (p.where and draft.preview and p.level == "error")
        ],
        accounts=[row.account for row in bank_views.accounts()],
        is_mute=bool(draft.seen.columns) and not any(c.role in MOUTHS for c in draft.seen.columns),
        is_known=draft.known is not None and not _is_changed(draft),
        facts_of_reading=draft.preview.reading.facts if draft.preview else {},
        words=labels,
    )
