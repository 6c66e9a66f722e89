"""The fields that the organisation adds to its donors and gifts: added, changed, ordered and archived.

What stands in them is for :mod:`.custom_values`; who does not see them, for
:mod:`donorhub.services.access.hidden_fields`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypedDict

from sqlalchemy import Row, bindparam, func, select

from donorhub.db import Base, db
from donorhub.domain.access.permissions import Principal
from donorhub.domain.donors.custom_shapes import PREFIXES, Option, Shape, choose_label, make_key
from donorhub.domain.payer_text import fold_letters
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import CustomField, CustomOption
from donorhub.models.states import CustomEntity, CustomKind
from donorhub.services.access import audit

MOST_FIELDS: Final = 300
MOST_OPTIONS: Final = 200
_CHOICES: Final = ("choice", "choices")
_fields, _options = Base.metadata.tables["custom_field"], Base.metadata.tables["custom_option"]
_USED_FIELDS: Final = (  # asked by every look at a donor or gift: a row for each option, or one without any
    select(
        _fields.c.id,
        _fields.c.key,
        _fields.c.kind,
        _fields.c.labels,
        _fields.c.decimals,
        _fields.c.is_required,
        _options.c.id.label("option_id"),
        _options.c.key.label("option_key"),
        _options.c.labels.label("option_labels"),
        _options.c.archived_at.label("option_archived_at"),
    )
    .join_from(_fields, _options, isouter=True)
    .where(_fields.c.entity == bindparam("entity"), _fields.c.archived_at.is_(None))
    .order_by(_fields.c.position, _fields.c.id, _options.c.position, _options.c.id)
)


class FieldChanges(TypedDict, total=False):
    """What may be changed of a field; what is left out stays."""

    labels: Mapping[str, str]
    is_required: bool
    is_archived: bool


def list_fields(entity: CustomEntity = "donor") -> list[CustomField]:
    """Return all fields in the order of the form, archived ones too."""
    query = select(CustomField).filter_by(entity=entity)
    return list(db.session.scalars(query.order_by(CustomField.position, CustomField.id)))


def list_options(field_ids: Collection[int]) -> dict[int, list[CustomOption]]:
    """Return the options of fields in their order, closed ones too."""
    options: dict[int, list[CustomOption]] = {}
    if not field_ids:
        return options
    query = select(CustomOption).where(CustomOption.field_id.in_(field_ids))
    for option in db.session.scalars(query.order_by(CustomOption.position, CustomOption.id)):
        options.setdefault(option.field_id, []).append(option)
    return options


def list_shapes(
    reader: Principal | None = None, *, entity: CustomEntity = "donor", kind: CustomKind | None = None
) -> list[Shape]:
    """Return the fields of donors, or of gifts, that are in use, of one kind if it is named, as far as a
    reader may see them; without one, all."""
    db.session.flush()
    rows = db.session.connection().execute(_USED_FIELDS, {"entity": entity})
    return [
        _make_shape(list(of_field), entity)
        for (_, key, field_kind), of_field in groupby(rows, attrgetter("id", "key", "kind"))
        if kind in (None, field_kind) and (reader is None or reader.may_see_field(PREFIXES[entity] + key))
    ]


def _make_shape(rows: Sequence[Row[*tuple[Any, ...]]], entity: CustomEntity) -> Shape:
    options = tuple(
        Option(row.option_id, row.option_key, row.option_labels, row.option_archived_at is None)
        for row in rows
        if row.option_id is not None
    )
    field = rows[0]
    return Shape(
        field.id, field.key, field.kind, field.labels, field.decimals, field.is_required, options, entity
    )


def list_entities(reader: Principal) -> list[CustomEntity]:
    """Return what has fields that a reader may see: donors, and gifts for those who see gifts."""
    return ["donor", "gift"] if reader.has_permission("gifts:read") else ["donor"]


def name_field(field: CustomField) -> str:
    """Return what a field is called among all fields of donors and gifts."""
    return PREFIXES[field.entity] + field.key


def get_field(field_id: int) -> CustomField:
    """Return a field; raise NotFound when there is none of this id."""
    field = db.session.get(CustomField, field_id)
    if field is None:
        raise NotFound(f"there is no custom field {field_id}")
    return field


def create_field(
    kind: CustomKind,
    labels: Mapping[str, str],
    *,
    entity: CustomEntity = "donor",
    key: str = "",
    decimals: int = 0,
    is_required: bool = False,
    now: datetime,
    actor: str,
) -> CustomField:
    """Add a field of donors or gifts behind the others and return it; its name makes a key that it lacks.

    Raise Conflict where the key or a name is taken, Rejected without a name or with decimals of what is no
    number.
    """
    labels = _clean_labels(labels)
    if decimals and kind != "number":
        raise Rejected("only a number has decimals", field="/decimals", code="decimals_of_no_number")
    fields = list_fields(entity)
    keys = {field.key for field in fields}
    if len(fields) >= MOST_FIELDS:
        raise Rejected(
            f"there are {MOST_FIELDS} fields already: no more can be added",
            code="too_many_fields",
            most=MOST_FIELDS,
        )
    if key in keys:
        raise Conflict(f"the key {key} is taken", field="/key", code="key_taken")
    _refuse_taken_name(labels, fields)
    field = CustomField(
        entity=entity,
        key=key or make_key(choose_label(labels, "en"), keys),
        labels=labels,
        kind=kind,
        decimals=decimals,
        is_required=is_required,
        position=max((field.position for field in fields), default=0) + 1,
        created_at=now,
    )
    db.session.add(field)
    db.session.flush()  # the audit needs its id
    audit.record_action(
        actor, "custom_field.created", ("custom_field", field.id), now=now, data={"kind": kind}
    )
    return field


def _refuse_taken_name(labels: Mapping[str, str], others: Collection[CustomField]) -> None:
    names = {fold_letters(name) for field in others for name in field.labels.values()}
    if any(fold_letters(name) in names for name in labels.values()):
        raise Conflict("a field of this name is there already", field="/labels", code="field_name_taken")


def change_field(field: CustomField, changes: FieldChanges, *, now: datetime, actor: str) -> bool:
    """Change names, whether it is required, archive it or take it back; return whether anything changed.

    The key and the kind stay, since values hang on them. Raise Conflict for a name that another field has.
    """
    made: dict[str, audit.Change] = {}
    if "labels" in changes:
        others = [one for one in list_fields(field.entity) if one is not field]
        _refuse_taken_name(_clean_labels(changes["labels"]), others)
        made["labels"] = (field.labels, _clean_labels(changes["labels"]))
        field.labels = _clean_labels(changes["labels"])
    if "is_required" in changes:
        made["is_required"] = (field.is_required, changes["is_required"])
        field.is_required = changes["is_required"]
    if "is_archived" in changes and changes["is_archived"] != (field.archived_at is not None):
        made["is_archived"] = (field.archived_at is not None, changes["is_archived"])
        field.archived_at = now if changes["is_archived"] else None
    made = {name: (before, after) for name, (before, after) in made.items() if before != after}
    if made:
        audit.record_change(actor, "custom_field.changed", ("custom_field", field.id), made, now=now)
    return bool(made)


def move_field(field: CustomField, place: int, *, now: datetime, actor: str) -> bool:
    """Put a field at a place among those in use, counted from 1; return whether that is another.

    A place behind the last is the last.
    """
    fields = [one for one in list_fields(field.entity) if one.archived_at is None or one is field]
    before = fields.index(field) + 1
    fields.remove(field)
    after = max(1, min(place, len(fields) + 1))
    fields.insert(after - 1, field)
    for position, one in enumerate(fields, 1):
        if one.position != position:
            one.position = position
    if before == after:
        return False
    audit.record_change(
        actor, "custom_field.changed", ("custom_field", field.id), {"place": (before, after)}, now=now
    )
    return True


def add_option(
    field: CustomField, labels: Mapping[str, str], *, key: str = "", now: datetime, actor: str
) -> CustomOption:
    """Add a choice behind the others and return it; without a key, one is made of its name.

    Raise Rejected for a field that offers none, Conflict where the key is taken.
    """
    if field.kind not in _CHOICES:
        raise Rejected("only a field of choices has options", code="no_field_of_choices")
    labels = _clean_labels(labels)
    options = list_options([field.id]).get(field.id, [])
    keys = {option.key for option in options}
    if key in keys:
        raise Conflict(f"the key {key} is taken", field="/key", code="key_taken")
    if len(options) >= MOST_OPTIONS:
        raise Rejected(
            f"a field has at most {MOST_OPTIONS} options", code="too_many_options", most=MOST_OPTIONS
        )
    option = CustomOption(
        field_id=field.id,
        key=key or make_key(choose_label(labels, "en"), keys),
        labels=labels,
        position=len(options) + 1,
    )
    db.session.add(option)
    db.session.flush()  # the answer shows its id
    audit.record_action(
        actor, "custom_option.created", ("custom_field", field.id), now=now, data={"option_id": option.id}
    )
    return option


def get_option(field: CustomField, option_id: int) -> CustomOption:
    """Return an option of a field; raise NotFound when it has none of this id."""
    option = db.session.get(CustomOption, option_id)
    if option is None or option.field_id != field.id:
        raise NotFound(f"custom field {field.id} has no option {option_id}")
    return option


def change_option(
    option: CustomOption,
    *,
    labels: Mapping[str, str] | None = None,
    is_archived: bool | None = None,
    now: datetime,
    actor: str,
) -> bool:
    """Name an option anew, close or open it; return whether anything changed. Who has it keeps it."""
    made: dict[str, audit.Change] = {}
    if labels is not None and _clean_labels(labels) != option.labels:
        made["option"] = (option.labels, _clean_labels(labels))
        option.labels = _clean_labels(labels)
    if is_archived is not None and is_archived != (option.archived_at is not None):
        made["is_archived"] = (option.archived_at is not None, is_archived)
        option.archived_at = now if is_archived else None
    if made:
        audit.record_change(actor, "custom_field.changed", ("custom_field", option.field_id), made, now=now)
    return bool(made)


def count_fields() -> int:
    """Return how many fields of donors and gifts are in use."""
    query = select(func.count()).select_from(CustomField).where(CustomField.archived_at.is_(None))
    return db.session.scalar(query) or 0


def _clean_labels(labels: Mapping[str, str]) -> dict[str, str]:
    names = {lang: label.strip() for lang, label in sorted(labels.items()) if label.strip()}
    if not names:
        raise Rejected("a name in one language at least", field="/labels", code="label_missing")
    return names
