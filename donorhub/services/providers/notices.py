"""What a provider says that moves no money and yet must not be passed over: a person gets a task.

A word of the provider that we do not know is asked about where it keeps something from being booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Payment
from donorhub.models.states import TaskKind
from donorhub.services.providers.customers import Account
from donorhub.services.work import tasks
from webhooks.views import GroupView

_TASKS: Final[dict[str, TaskKind]] = {
    "fraud_warning": "fraud_warning",
    "access_withdrawn": "account_deauthorized",
}


def ask_about_notices(at: Account, views: Sequence[GroupView], *, now: datetime) -> None:
    """Plan a task for each notice that a person must act on; once, however often it comes."""
    for notice in (notice for view in views for notice in view.notices):
        kind = _TASKS.get(notice["code"])
        if kind is None or not (notice["livemode"] or at.projects_tests):
            continue
        subject = notice["subject"]
        tasks.plan_task(
            f"{kind}:{at.provider}:{subject}",
            kind=kind,
            role="accountant",
            subject=("payment", _find_payment_id(at, subject)),
            now=now,
            facts={"ref": subject, "status": notice.get("value") or ""},
        )


def _find_payment_id(at: Account, ref: str) -> int:
    """Our payment of that name; 0 when there is none, as for a notice about a whole account."""
    payment_id = db.session.scalar(
        select(Payment.id).filter_by(provider=at.provider, account=at.account, payment_key=ref)
    )
    return payment_id or 0
