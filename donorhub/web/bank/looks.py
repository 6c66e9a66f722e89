"""Decisions of the engine to look at, how often each rule was right, and the rules that were stopped."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.errors import Rejected
from donorhub.models.matching_states import RULE_NAMES, RuleName, StopReason
from donorhub.models.states import find_word
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import looks, stopped_rules
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import read_row_id
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words.bank import RULES
from donorhub.web.words.labels import Words

STOP_REASONS: Final[Words[StopReason]] = {
    "looks": lazy_gettext("too many of its decisions were wrong"),
    "wrong_donor": lazy_gettext("a gift went to a donor against the payer's name"),
    "person": lazy_gettext("stopped by hand"),
}
RULE: Final = f"<any({', '.join(repr(rule) for rule in RULE_NAMES)}):rule>"
ANSWERS: Final = ("right", "wrong")


@bp.get("/looks")
@require_permission("imports:read")
def show_looks() -> str:
    """Show the decisions to look at, and what people found of each rule on each account."""
    page = looks.list_open_looks(after=request.args.get("after"))
    figures = stopped_rules.list_figures()
    return render_template(
        "bank/looks.html",
        page=page,
        views=looks.make_views(page.rows),
        figures=figures,
        decision_counts={row.rule: stopped_rules.count_decisions(row.rule) for row in figures},
        accounts={account.id: account for account in bank_accounts.list_accounts()},
        rules=RULES,
        stop_reasons=STOP_REASONS,
    )


@bp.get("/looks/answered")
@require_permission("imports:read")
def show_answered_looks() -> str:
    """Show what people said of decisions, the last first; each answer may be changed."""
    page = looks.list_answered_looks(after=request.args.get("after"))
    return render_template(
        "bank/answered_looks.html", page=page, views=looks.make_views(page.rows), rules=RULES
    )


@bp.post("/looks/<int:look_id>")
@require_permission("entries:decide")
def answer_look(look_id: int) -> Response:
    """Say whether a decision of the engine was right; a wrong one is shown, to be taken back."""
    answer = find_word(request.form.get("answer"), ANSWERS)
    if answer is None:
        raise Rejected("choose one of the answers", code="no_such_answer")
    is_right = answer == "right"
    look = looks.answer_look(look_id, is_right=is_right, now=clock.now(), actor=get_actor())
    view = looks.make_views([look])[0]
    commit()
    if is_right:
        tell_reader(gettext("Noted: it was right."))
        return redirect(url_for("bank.show_looks"))
    tell_reader(gettext("Noted: it was wrong. Take the decision back here, and decide the entry anew."))
    return redirect(url_for("bank.show_entry", entry_id=view.decision.entry.id))


@bp.get(f"/rules/{RULE}")
@require_permission("imports:read")
def show_rule(rule: RuleName) -> str:
    """Show what a rule decided since the last decision that a person found right."""
    account_id = read_row_id(request.args.get("account"))
    account = bank_accounts.get_account(account_id) if account_id is not None else None
    page = stopped_rules.list_unproved_decisions(rule, account_id, after=request.args.get("after"))
    return render_template(
        "bank/rule.html",
        rule=rule,
        rules=RULES,
        account=account,
        page=page,
        views=looks.make_decision_views(page.rows),
    )


@bp.post(f"/rules/{RULE}/stop")
@require_permission("imports:write")
def stop_rule(rule: RuleName) -> Response:
    """Let a rule only suggest from now on, on one account or on all."""
    account_id = read_row_id(request.form.get("account"))
    stopped_rules.stop_rule(rule, account_id, "person", now=clock.now(), actor=get_actor())
    commit()
    tell_reader(gettext("The rule only suggests from now on."))
    return redirect(url_for("bank.show_looks"))


@bp.post("/rules/<int:stop_id>/restart")
@require_permission("imports:write")
def restart_rule(stop_id: int) -> Response:
    """Let a stopped rule decide alone again; its looks are counted anew."""
    stopped_rules.restart_rule(stop_id, now=clock.now(), actor=get_actor())
    commit()
    tell_reader(gettext("The rule decides alone again; it is counted anew."))
    return redirect(url_for("bank.show_looks"))
