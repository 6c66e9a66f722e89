"""Rows of a donor in the stores that no service of this test fills: the bank, a provider, files, answers."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from donorhub import vault
from donorhub.db import db
from donorhub.models import (
    Detail,
    Download,
    DownloadPart,
    Entry,
    Gift,
    IdempotencyKey,
    ImportFile,
    ImportPlan,
    ImportRow,
    Match,
    Message,
    Payment,
    ProviderEvent,
    ProviderMap,
    ProviderRegister,
    RecordRow,
    Statement,
    User,
    WebhookEndpoint,
)
from donorhub.services.bank.files.payer_words import index_new_payers
from donorhub.services.donors import relationships
from tests.web import desk

NOW: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TODAY: Final = NOW.date()
ME: Final = "user:1"
RARE: Final = "Zzyzxqui"  # in no other word of the base
EMAIL, PHONE, ACCOUNT = f"{RARE}@example.org", "+48501234999", "PL21114020040000987612345678"


def add_bank_rows(donor_id: int, gift: Gift) -> None:
    """A bank's file, its plan and mended row, and the entry of a gift with its decision."""
    statement = Statement(
        import_file_id=_add_file(),
        number=0,
        bank_account_id=1,
        format="camt",
        currency="PLN",
        sum_minor=12000,
        entries_count=1,
        new_count=1,
        integrity="proved",
    )
    db.session.add(statement)
    db.session.flush()
    _add_decided_entry(statement.id, donor_id, gift)


def _add_file() -> int:
    file = ImportFile(
        sha256="f" * 64,
        filename=f"{RARE} Anna.csv",
        size=1,
        content=vault.seal_bytes(RARE.encode()),
        problems=[{"message": f"row of {RARE.upper()}  ANNA, 61 1090 1014 0000 0712 1981 2874"}],
        summaries=[{"samples": [EMAIL, "other"]}],
        layout={"rows": {"3": [f"Anna {RARE}", "50"]}},
        uploaded_by=ME,
        uploaded_at=NOW,
    )
    db.session.execute(
        text(
            "INSERT INTO bank_account (id, name, number, currency, matching, created_at)"
            " VALUES (1, 'Ours', 'PL1', 'PLN', 'suggest', :now)"
        ),
        {"now": NOW.replace(tzinfo=None)},
    )
    db.session.add(file)
    db.session.flush()
    db.session.add(
        ImportPlan(import_file_id=file.id, digest="d", plan={"rows": [f"Anna {RARE}"]}, made_at=NOW)
    )
    db.session.add(
        ImportRow(
            import_file_id=file.id,
            line=1,
            state="mended",
            cells=[f"Anna {RARE}"],
            raw=f"x;Anna {RARE}",
            actor=ME,
            made_at=NOW,
        )
    )
    return file.id


def _add_decided_entry(statement_id: int, donor_id: int, gift: Gift) -> None:
    told: dict[str, Any] = {
        "counterparty_name": f"ANNA {RARE.upper()}",
        "counterparty_account": ACCOUNT,
        "remittance": f"gift of {RARE}",
        "end_to_end_id": RARE,
        "more": {"ultimate": RARE},
    }
    entry = Entry(
        bank_account_id=1,
        statement_id=statement_id,
        position=0,
        fingerprint="v1.x",
        occurrence=1,
        booked_on=TODAY,
        amount_minor=12000,
        currency="PLN",
        state="matched",
        **told,
    )
    with index_new_payers():
        db.session.add(entry)
        db.session.flush()
    detail = Detail(entry_id=entry.id, position=0, amount_minor=12000, currency="PLN", **told)
    db.session.add(detail)
    db.session.flush()
    _add_matches(entry.id, detail.id, donor_id, gift)


def _add_matches(entry_id: int, detail_id: int, donor_id: int, gift: Gift) -> None:
    evidence = [{"code": "name", "text": RARE}]
    for part, of_detail in ((0, None), (1, detail_id)):
        db.session.add(
            Match(
                entry_id=entry_id,
                detail_id=of_detail,
                part=part,
                kind="gift" if part == 0 else "not_gift",
                gift_id=gift.id if part == 0 else None,
                donor_id=donor_id,
                amount_minor=12000,
                evidence=evidence,
                engine_version="1",
                actor=ME,
                decided_at=NOW,
            )
        )


def add_provider_rows(donor_id: int) -> None:
    """Messages and objects of a payment provider, one of them never booked."""
    _add_messages()
    _add_objects(donor_id)


def _add_messages() -> None:
    endpoint = WebhookEndpoint(provider="stripe", slug="s", account="acct_1", created_at=NOW)
    db.session.add(endpoint)
    db.session.flush()
    bodies = {
        "evt_1": (
            "pi_1",
            {"id": "evt_1", "data": {"object": {"id": "pi_1", "amount": 5, "receipt_email": EMAIL}}},
        ),
        "evt_2": ("cus_1", {"id": "evt_2", "data": {"object": {"id": "cus_1", "name": f"Anna {RARE}"}}}),
        "evt_3": (
            "tok_9",
            {"id": "evt_3", "data": {"object": {"id": "tok_9", "note": f"{RARE}@example.org"}}},
        ),
    }
    for external_id, (object_id, body) in bodies.items():
        db.session.add(
            ProviderEvent(
                endpoint_id=endpoint.id,
                provider="stripe",
                account="acct_1",
                external_id=external_id,
                type="x",
                livemode=True,
                occurred_at=1,
                received_at=NOW,
                object_kind="x",
                object_id=object_id,
                body=zlib.compress(json.dumps(body).encode()),
                body_sha256=b"1",
                state="ignored" if external_id == "evt_3" else "done",
            )
        )


def _add_objects(donor_id: int) -> None:
    db.session.add(
        Payment(
            provider="stripe",
            account="acct_1",
            payment_key="pi_1",
            state="failed",
            amount_minor=5,
            currency="PLN",
            occurred_at=NOW,
            donor_id=donor_id,
        )
    )
    db.session.add(
        ProviderMap(
            provider="stripe",
            account="acct_1",
            kind="customer",
            ref="cus_1",
            donor_fields={"name": f"Anna {RARE}"},
            subject_id=donor_id,
        )
    )
    for kind, ref, state in (
        ("payment", "pi_1", {"amount_minor": 5, "donor": {"email": EMAIL, "customer": "cus_1"}}),
        ("donor", "cus_1", {"customer": "cus_1", "name": f"Anna {RARE}", "email": EMAIL}),
    ):
        db.session.add(
            ProviderRegister(
                provider="stripe",
                account="acct_1",
                kind=kind,
                ref=ref,
                grp=ref,
                v_at=1,
                v_rank=1,
                v_ev="evt_1",
                state=state,
                livemode=True,
            )
        )


def add_other_rows(donor_id: int, gift: Gift) -> None:
    """A relation, a message, rows of a file of people, a prepared file and a kept answer."""
    other = desk.add_donor("Jan Inny", email="jan@example.org")
    relationships.add_relationship(
        donor_id, other.id, "employee_of", title=f"{RARE} treasurer", now=NOW, actor=ME
    )
    db.session.add(
        Message(
            send_key="k",
            donor_id=donor_id,
            template="thank_you@shipped-1",
            lang="pl",
            to_address=EMAIL,
            subject=f"Dear {RARE}",
            body=f"Dear {RARE}",
            message_id="m@x",
            planned_at=NOW,
        )
    )
    _add_rows_of_people(donor_id, gift)
    _add_kept_files(donor_id)


def _add_rows_of_people(donor_id: int, gift: Gift) -> None:
    file = ImportFile(
        sha256="e" * 64,
        filename="people.xlsx",
        size=1,
        content=b"",
        kind="records",
        uploaded_by=ME,
        uploaded_at=NOW,
    )
    db.session.add(file)
    db.session.flush()
    for row_no, state, of in ((1, "made", donor_id), (2, "held", None)):
        db.session.add(
            RecordRow(
                import_file_id=file.id,
                sheet="",
                row_no=row_no,
                raw=[f"Anna {RARE}", EMAIL],
                plan={"name": f"Anna {RARE}", "minor": 12000},
                state=state,
                donor_id=of,
                gift_id=gift.id if of else None,
            )
        )


def _add_kept_files(donor_id: int) -> None:
    user = User(email="u@x", name="U", password="x", fs_uniquifier="u", created_at=NOW)
    db.session.add(user)
    db.session.flush()
    download = Download(
        key="d",
        user_id=user.id,
        list_name="donors",
        filters={"q": RARE},
        form="csv",
        lang="pl",
        asked_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    db.session.add(download)
    db.session.flush()
    db.session.add(DownloadPart(download_id=download.id, position=0, content=RARE.encode()))
    db.session.add(
        IdempotencyKey(
            principal="token:1",
            route="donors",
            key="1",
            fingerprint="f",
            status=201,
            headers={},
            body=json.dumps({"id": donor_id, "name": f"Anna {RARE}"}).encode(),
            expires_at=NOW + timedelta(days=30),
        )
    )
