"""Fields that the organisation adds to its donors and gifts, what stands in them, and what a role does not
see.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, make_word_check
from donorhub.models.states import CustomEntity, CustomKind, RoleName


def _make_value_index(table: str, column: str) -> Index:
    """Return the index by which a field's rows are found by a value, in the order of those whose it is."""
    is_filled = text(f"{column} IS NOT NULL")
    return Index(
        f"ix_{table}_{column}",
        "field_id",
        column,
        "entity_id",
        sqlite_where=is_filled,
        postgresql_where=is_filled,
    )


def _make_value_indexes(table: str) -> tuple[UniqueConstraint | Index, ...]:
    return (
        UniqueConstraint("field_id", "entity_id", "seq"),
        Index(f"ix_{table}_entity_id", "entity_id"),
        *(
            _make_value_index(table, column)
            for column in ("folded", "number", "on_date", "is_true", "option_id")
        ),
    )


class CustomField(Base):
    """A field that the organisation added. Its kind stays; what it is called and asks for may change."""

    __tablename__ = "custom_field"
    __table_args__ = (
        make_word_check("entity", CustomEntity),
        make_word_check("kind", CustomKind),
        CheckConstraint("decimals BETWEEN 0 AND 6", "decimals_are_few"),
        CheckConstraint("decimals = 0 OR kind = 'number'", "only_numbers_have_decimals"),
        UniqueConstraint("entity", "key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[CustomEntity]
    key: Mapped[str]  # what programs call it, for good
    labels: Mapped[dict[str, str]]  # by language; where one is missing another stands in
    kind: Mapped[CustomKind]
    decimals: Mapped[int] = mapped_column(default=0)
    is_required: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]  # the order of the form
    archived_at: Mapped[datetime | None]  # it is shown and asked for no more; what stands in it is kept
    created_at: Mapped[datetime]


class CustomOption(Base):
    """One of the words that a field of choices offers."""

    __tablename__ = "custom_option"
    __table_args__ = (UniqueConstraint("field_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("custom_field.id", ondelete="RESTRICT"))
    key: Mapped[str]
    labels: Mapped[dict[str, str]]
    position: Mapped[int]
    archived_at: Mapped[datetime | None]  # nobody chooses it any more; who has it keeps it


class ValueColumns:
    """What stands in a field: one row, or one for each of several choices.

    Which column holds it, the field's kind tells. A number is whole: its field's decimals say where the sign
    stands. Of a short text ``folded`` is what equal ones have in common; by it rows are found.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("custom_field.id", ondelete="RESTRICT"))
    entity_id: Mapped[int]
    seq: Mapped[int] = mapped_column(default=1)
    text: Mapped[str | None] = mapped_column(info=PERSONAL)
    folded: Mapped[str | None] = mapped_column(info=PERSONAL)
    number: Mapped[int | None] = mapped_column(BigInteger, info=PERSONAL)
    on_date: Mapped[date | None] = mapped_column(info=PERSONAL)
    is_true: Mapped[bool | None] = mapped_column(info=PERSONAL)
    option_id: Mapped[int | None] = mapped_column(
        ForeignKey("custom_option.id", ondelete="RESTRICT"), info=PERSONAL
    )


class CustomValue(ValueColumns, Base):
    """What stands in a field of one donor."""

    __tablename__ = "custom_value"
    __table_args__ = _make_value_indexes(__tablename__)

    entity_id: Mapped[int] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"))


class GiftCustomValue(ValueColumns, Base):
    """What stands in a field of one gift."""

    __tablename__ = "gift_custom_value"
    __table_args__ = _make_value_indexes(__tablename__)

    entity_id: Mapped[int] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"))


class HiddenField(Base):
    """That a role does not see a field: one of ours, or one that was added to donors (``custom.<key>``) or to
    gifts (``gift.custom.<key>``)."""

    __tablename__ = "hidden_field"
    __table_args__ = (
        make_word_check("entity", CustomEntity),
        make_word_check("role", RoleName),
        UniqueConstraint("entity", "field", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[CustomEntity]
    field: Mapped[str]
    role: Mapped[RoleName]
