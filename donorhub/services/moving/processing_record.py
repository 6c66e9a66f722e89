"""The record of processing (Art. 30 GDPR), made of the tables' marks and of who gets something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from donorhub.db import STAFF, Base, db
from donorhub.models import Message, WebhookEndpoint
from donorhub.services.access import organisation
from donorhub.services.donors import erased_rows
from donorhub.services.moving import retention
from donorhub.services.moving.purposes import TABLES, Purpose
from donorhub.services.moving.retention import Clock


@dataclass(frozen=True, slots=True)
class Activity:
    """One purpose: which tables hold what of donors for it."""

    purpose: Purpose
    columns: dict[str, list[str]]  # by table


@dataclass(frozen=True, slots=True)
class ProcessingRecord:
    """What the organisation does with personal data, as far as this program knows it."""

    controller: str
    contact: str
    activities: Sequence[Activity]
    staff_columns: dict[str, list[str]]
    providers: list[str]  # payment providers that are connected
    sends_mail: bool
    clocks: Sequence[Clock]


def make_record(*, today: date) -> ProcessingRecord:
    """Return the record as it is today."""
    ours = organisation.get_organisation()
    tables = Base.metadata.tables
    activities = [
        Activity(
            purpose,
            {
                name: [column.name for column in erased_rows.list_personal(tables[name])]
                for name in names
                if erased_rows.list_personal(tables[name])
            },
        )
        for purpose, names in TABLES.items()
    ]
    staff_columns = {
        table.name: names
        for table in Base.metadata.sorted_tables
        if (names := [column.name for column in table.columns if column.info == STAFF])
    }
    providers = db.session.scalars(
        select(WebhookEndpoint.provider).where(WebhookEndpoint.is_active).distinct().order_by("provider")
    ).all()
    has_sent = db.session.scalar(select(Message.id).where(Message.state == "sent").limit(1)) is not None
    clocks = retention.list_clocks(today=today)
    return ProcessingRecord(
        ours.legal_name, ours.contact, activities, staff_columns, list(providers), has_sent, clocks
    )


def describe_record(record: ProcessingRecord) -> dict[str, object]:
    """Return the record as plain values."""
    return {
        "controller": record.controller,
        "contact": record.contact,
        "activities": [
            {"purpose": activity.purpose, "persons": "donors", "data": activity.columns}
            for activity in record.activities
        ],
        "staff": record.staff_columns,
        "recipients": {"payment_providers": record.providers, "mail_server": record.sends_mail},
        "retention": [
            {"kind": one.kind, "keep": one.keep, "unit": one.unit, "before": one.before_on.isoformat()}
            for one in record.clocks
        ],
        "security": ["sealed files and keys", "encrypted backups", "audit chain", "roles", "read log"],
    }
