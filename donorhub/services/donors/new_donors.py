"""Many new donors at once, taken over from another system: their rows and what follows from each.

It is no news for the staff, and nobody is told. One donor is created by :mod:`.donors`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, update

from donorhub.db import Base, db
from donorhub.domain.donors import codes, languages
from donorhub.models import DomainEvent, Donor
from donorhub.models.states import Lang
from donorhub.services.access import audit, organisation
from donorhub.services.donors import (
    consent_rows,
    contact_rows,
    custom_fields,
    custom_values,
    donors,
    identity_keys,
    interactions,
    search_documents,
    stages,
)
from donorhub.services.donors.consent_rows import NewSaying
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.donors.identity_keys import Named

_TEXTS: Final = (
    "given_name",
    "family_name",
    "salutation",
    "email",
    "phone",
    "street",
    "postcode",
    "city",
    "country",
    "tax_number",
)
_TABLE: Final = Base.metadata.tables["donor"]


def create_donors(new: Sequence[DonorFields], *, source: str, now: datetime, actor: str) -> list[int]:
    """Create donors of whom each has a name; return their ids in order.

    Their fields are right already, the tax number as it is kept.
    """
    if not new:
        return []
    own_organisation = organisation.find_organisation()
    home_lang: Lang = own_organisation.lang if own_organisation else "en"
    rows = [_make_row(fields, source, home_lang, now) for fields in new]
    ids = list(
        db.session.scalars(insert(Donor).returning(Donor.id, sort_by_parameter_order=True), rows).all()
    )
    _write_codes(ids, rows)
    values_by_id = {id_: contact_rows.list_values(row) for id_, row in zip(ids, rows, strict=True)}
    contact_rows.insert_first_rows(
        [
            contact_rows.make_row(id_, value, source=source, now=now, is_preferred=True)
            for id_, values in values_by_id.items()
            for value in values
        ]
    )
    identity_keys.insert_keys(
        [
            key
            for (id_, values), row in zip(values_by_id.items(), rows, strict=True)
            for key in identity_keys.list_keys(_name_donor(id_, row), values)
        ],
        role_emails=[row["email"] for row in rows],
    )
    stages.begin_stages(
        [(id_, row["is_deceased"]) for id_, row in zip(ids, rows, strict=True)],
        today=organisation.get_day(now),
    )
    db.session.execute(insert(DomainEvent), [_make_event(id_, now) for id_ in ids])
    audit.write_records(
        audit.make_record(actor, "donor.created", ("donor", id_), now=now, data={"source": source})
        for id_ in ids
    )
    values = {id_: custom for id_, fields in zip(ids, new, strict=True) if (custom := fields.get("custom"))}
    if values:
        custom_values.write_first_values(values, custom_fields.list_shapes())
    notes = {id_: fields.get("note", "") for id_, fields in zip(ids, new, strict=True)}
    interactions.add_notes(notes, source=source, now=now, actor=actor)
    noes = [
        NewSaying(id_, "opt_out", source, now)
        for id_, fields in zip(ids, new, strict=True)
        if fields.get("do_not_contact")
    ]
    consent_rows.insert_rows(noes, now=now, actor=actor)
    return ids


def _make_row(fields: DonorFields, source: str, home_lang: Lang, now: datetime) -> dict[str, Any]:
    lang = fields.get("lang")
    texts = {name: fields.get(name, "") for name in _TEXTS}
    return {
        **texts,
        "born_on": fields.get("born_on"),
        "kind": fields.get("kind", "person"),
        "name": fields["name"],
        "lang": lang or languages.choose_lang(fields.get("country", ""), home_lang),
        "lang_is_told": lang is not None,
        "do_not_contact": fields.get("do_not_contact", False),
        "do_not_solicit": fields.get("do_not_solicit", False),
        "is_deceased": fields.get("is_deceased", False),
        "code": f"new:{uuid.uuid4()}",
        "source": source,
        "created_at": now,
        "updated_at": now,
    }


def _name_donor(donor_id: int, row: dict[str, Any]) -> Named:
    return Named(*({**row, "id": donor_id}[name] for name in Named._fields))


def _write_codes(ids: Sequence[int], rows: Sequence[dict[str, Any]]) -> None:
    prefix = donors.get_code_prefix()
    changes = []
    documents: dict[int, str] = {}
    for id_, row in zip(ids, rows, strict=True):
        code = codes.format_code(prefix, donors.FIRST_NUMBER + id_)
        values = contact_rows.list_values(row)
        names = (row["name"], row["given_name"], row["family_name"])
        documents[id_] = search_documents.make_document(code, names, row["tax_number"], values)
        search = contact_rows.join_search_text(row["name"], code, row["tax_number"], values)
        changes.append({"of_id": id_, "new_code": code, "new_search": search})
    db.session.connection().execute(
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("of_id"))
        .values(code=bindparam("new_code"), search=bindparam("new_search")),
        changes,
    )
    search_documents.begin_documents(documents)


def _make_event(donor_id: int, now: datetime) -> dict[str, Any]:
    return {
        "kind": "donor.created",
        "donor_id": donor_id,
        "subject_type": "donor",
        "subject_id": donor_id,
        "occurred_at": now,
        "recorded_at": now,
        "origin": "history_import",
        "data": {},
    }
