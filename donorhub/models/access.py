"""Who may do what, and who did: users, roles, sessions, API tokens, repeated requests, the audit."""

from __future__ import annotations

from datetime import datetime

from flask_security.core import RoleMixin, UserMixin
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    func,
    select,
    true,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from donorhub.db import PERSONAL, STAFF, Base, make_word_check
from donorhub.models.custom import HiddenField
from donorhub.models.states import Lang, RoleName, RowScope

user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", Integer, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", Integer, ForeignKey("role.id", ondelete="RESTRICT"), primary_key=True),
)


class Role(Base, RoleMixin):
    """A role of the staff; what it may do stands in donorhub.services.access.users."""

    __tablename__ = "role"
    __table_args__ = (make_word_check("name", RoleName),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[RoleName] = mapped_column(unique=True)

    # The fields of donors and gifts that it does not see, joined by commas; each request reads them with it.
    hidden_fields: Mapped[str | None] = column_property(
        select(func.aggregate_strings(HiddenField.field, ","))
        .where(HiddenField.role == name)
        .scalar_subquery()
    )


class User(Base, UserMixin):
    """One of the staff. The names of some columns are Flask-Security's."""

    __tablename__ = "user"
    __table_args__ = (make_word_check("lang", Lang), make_word_check("row_scope", RowScope))

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True, info=STAFF)
    name: Mapped[str] = mapped_column(info=STAFF)
    password: Mapped[str] = mapped_column(info=STAFF)  # argon2 hash
    lang: Mapped[Lang] = mapped_column(default="en")
    # Whether a single letter is a key on pages (WCAG 2.1.4): "/" for the search, those of lists of decisions.
    uses_keys: Mapped[bool] = mapped_column(default=True, server_default=true())
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)  # Flask-Security wants it; it opens nothing
    row_scope: Mapped[RowScope | None]  # None: as their roles have it
    created_at: Mapped[datetime]
    # the mixin declares it never empty
    last_login_at: Mapped[datetime | None] = mapped_column(info=STAFF)  # type: ignore[assignment]

    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin")  # type: ignore[assignment]


class Team(Base):
    """Users who see each other's donors, where their scope is their team."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class TeamMember(Base):
    """That a user is in a team."""

    __tablename__ = "team_member"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class UserSession(Base):
    """A browser in which a user is signed in; only the hash of its token is kept. The row goes with it."""

    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class ApiToken(Base):
    """A key of a program, with scopes; only its hash is kept."""

    __tablename__ = "api_token"
    __table_args__ = (make_word_check("role", RoleName), make_word_check("row_scope", RowScope))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    row_scope: Mapped[RowScope] = mapped_column(default="all", server_default="all")
    user_id: Mapped[int | None]  # of a scope that is not all: whose own donors, or whose team's
    role: Mapped[RoleName | None]  # what is hidden from this role is hidden from it; None: nothing is
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The answer to a request, kept so that the same request gets it again; written with its effect."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        UniqueConstraint("principal", "route", "key"),
        Index("ix_idempotency_key_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    principal: Mapped[str]
    route: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    status: Mapped[int]
    headers: Mapped[dict[str, str]]
    body: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
    expires_at: Mapped[datetime]


class AuditRecord(Base):
    """Who did what, when; no personal data. ``seq`` and ``chain`` are given when the record is sealed,
    soon after its commit: the chain then shows any later change."""

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("ix_audit_record_subject", "subject_id", "subject_type"),
        Index("ix_audit_record_subject_type_id", "subject_type", "id"),
        Index("ix_audit_record_actor_id", "actor", "id"),
        Index("ix_audit_record_what_id", "what", "id"),
        Index("ix_audit_record_at_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int | None] = mapped_column(unique=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    what: Mapped[str]  # gift.recorded, receipt.issued, user.role_changed
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    data: Mapped[dict[str, object]] = mapped_column(default=dict)
    digest: Mapped[str]
    chain: Mapped[str | None]


class AuditValue(Base):
    """What a personal field was before a change that the audit records, and after it. It stands beside the
    chain, which holds only a keyed digest of it, so that it can be erased with its donor."""

    __tablename__ = "audit_value"
    __table_args__ = (UniqueConstraint("record_id", "field"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("audit_record.id", ondelete="RESTRICT"))
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    field: Mapped[str]
    before: Mapped[object] = mapped_column(JSON, info=PERSONAL)
    after: Mapped[object] = mapped_column(JSON, info=PERSONAL)


class AuditHead(Base):
    """How far the audit is sealed. It stands apart from the records, so that it shows when the last of
    them were cut off, which their chain alone cannot. There is one row once anything is sealed."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", "there_is_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int]
    chain: Mapped[str]


class ProvenHead(Base):
    """How far all invariants were seen to hold, so that the quick check goes on from there. There is one
    row once anything was checked."""

    __tablename__ = "proven_head"
    __table_args__ = (CheckConstraint("id = 1", "there_is_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ids: Mapped[dict[str, int]] = mapped_column(JSON)  # the last id of each table; {}: nothing is proved yet
    proved_at: Mapped[datetime | None]  # when those were the last
    next_ids: Mapped[dict[str, int]] = mapped_column(JSON)  # what ids become when nothing older can come
    next_at: Mapped[datetime | None]
    audit_seq: Mapped[int]
    audit_chain: Mapped[str]
    whole_at: Mapped[datetime | None]  # when all rows were looked at the last time
