"""Our own accounts on pages: adding one, its statements and gaps, how far matching may go by itself."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import BankAccount
from donorhub.schemas.bank import (
    BankAccountChanges,
    BankAccountChangesSchema,
    NewBankAccount,
    NewBankAccountSchema,
)
from donorhub.services.access import users
from donorhub.services.bank import bank_views, coverage
from donorhub.services.bank.files import bank_accounts, ref_trust
from donorhub.services.bank.matching import entry_views
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import MODES, bp, get_actor
from donorhub.web.bank.files import render_bank
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader


@bp.post("/accounts")
@require_permission("imports:write")
def add_account() -> Response | tuple[str, int]:
    """Add an account of ours by its number; a known one is shown."""
    form = Form(request.form)
    with form.start_saving():
        new: NewBankAccount = form.load_fields(
            NewBankAccountSchema(exclude=("matching",)), {"currency": "new_currency"}
        )
        row = bank_accounts.create_account(
            new["number"], new["currency"], name=new.get("name", ""), now=clock.now(), actor=get_actor()
        )
        commit()
        return redirect(url_for("bank.show_account", account_id=row.id))
    return render_bank(form), 422


@bp.get("/accounts/<int:account_id>")
@require_permission("imports:read")
def show_account(account_id: int) -> str:
    """Show one account: its statements, what is missing between them, its settings."""
    row = bank_accounts.get_account(account_id)
    return _render_account(
        row,
        Form(
            start={
                "name": row.name,
                "matching": row.matching,
                "owner_id": row.owner_id,
                "closed_on": row.closed_on,
            }
        ),
    )


def _render_account(row: BankAccount, form: Form) -> str:
    weak_refs, weak_count = ref_trust.list_weak_refs(row.id)
    gaps = bank_accounts.find_gaps(row.id)
    return render_template(
        "bank/account.html",
        weak_refs=weak_refs,
        weak_count=weak_count,
        habits=ref_trust.list_habits(row.id),
        account=row,
        form=form,
        gaps=gaps,
        known_days=coverage.find_days_of_account(row.id, gaps),
        page=bank_views.list_statements_of_account(row.id, after=request.args.get("after")),
        waiting=sum(entry_views.count_waiting(bank_account_id=row.id).values()),
        modes=MODES,
        staff={one.id: one.name for one in users.list_active_names()},
    )


@bp.post("/accounts/<int:account_id>")
@require_permission("imports:write")
def change_account(account_id: int) -> Response | tuple[str, int]:
    """Rename an account, say how far matching may go by itself, or close it."""
    row = bank_accounts.get_account(account_id)
    form = Form(request.form)
    with form.start_saving():
        changes: BankAccountChanges = form.load_fields(BankAccountChangesSchema())
        bank_accounts.change_account(row, now=clock.now(), actor=get_actor(), **changes)
        commit()
        tell_reader(gettext("Saved."))
        return redirect(url_for("bank.show_account", account_id=account_id))
    return _render_account(bank_accounts.get_account(account_id), form), 422
