"""Payment providers: where their messages come in, the inbox, registers, payments and payouts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from donorhub.db import PERSONAL, Base, Currency, Minor, make_word_check
from donorhub.models.states import (
    GiftMethod,
    PaymentState,
    PayoutItemKind,
    PayoutState,
    ProviderEventSource,
    ProviderEventState,
    ProviderObject,
)

_HAS_BODY = text("length(body) > 0")  # what is not forgotten yet


class WebhookEndpoint(Base):
    """An address that one provider account posts to: /webhooks/<provider>/<slug>."""

    __tablename__ = "webhook_endpoint"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)  # 128 random bits
    account: Mapped[str] = mapped_column(
        default=""
    )  # the provider's id of our account, "" when it sends none
    livemode: Mapped[bool] = mapped_column(default=True)  # False: a provider's test mode, its gifts are tests
    is_active: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict[str, object]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    last_event_at: Mapped[datetime | None]
    bad_signatures: Mapped[int] = mapped_column(default=0)
    max_skew_s: Mapped[int] = mapped_column(default=0)


class WebhookSecret(Base):
    """A signing secret, encrypted; several may be valid while one is being changed."""

    __tablename__ = "webhook_secret"

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(
        ForeignKey("webhook_endpoint.id", ondelete="RESTRICT"), index=True
    )
    sealed_secret: Mapped[bytes] = mapped_column("sealed", LargeBinary)
    label: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class ProviderEvent(Base):
    """One message of a provider as it came: the inbox. Answered only after it is committed here."""

    __tablename__ = "provider_event"
    __table_args__ = (
        UniqueConstraint("provider", "account", "external_id"),
        make_word_check("state", ProviderEventState),
        make_word_check("source", ProviderEventSource),
        Index("ix_provider_event_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_provider_event_state_id", "state", "id"),
        Index("ix_provider_event_provider_id", "provider", "id"),
        Index("ix_provider_event_type_id", "type", "id"),
        Index("ix_provider_event_received_at", "received_at"),
        Index(
            "ix_provider_event_with_body", "received_at", sqlite_where=_HAS_BODY, postgresql_where=_HAS_BODY
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="RESTRICT"))
    provider: Mapped[str]
    account: Mapped[str]
    external_id: Mapped[str]
    type: Mapped[str]
    livemode: Mapped[bool]
    api_version: Mapped[str | None]
    occurred_at: Mapped[int] = mapped_column(BigInteger)  # unix seconds, the provider's clock
    received_at: Mapped[datetime]
    object_kind: Mapped[str]
    object_id: Mapped[str] = mapped_column(index=True)
    body: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)  # zlib
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    needs_fetch: Mapped[bool] = mapped_column(default=False)
    source: Mapped[ProviderEventSource] = mapped_column(default="http")
    state: Mapped[ProviderEventState] = mapped_column(default="received")
    reason: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)  # how often it ended in an error
    kills: Mapped[int] = mapped_column(default=0, server_default="0")  # how often it was begun without an end
    next_attempt_at: Mapped[datetime | None]
    deliveries: Mapped[int] = mapped_column(default=1)
    other_body: Mapped[bool] = mapped_column(default=False)  # came again under the same id with other bytes
    processed_at: Mapped[datetime | None]


class ProviderRegister(Base):
    """The newest fact about one provider object (webhooks.fact.Fact, stored)."""

    __tablename__ = "provider_register"
    __table_args__ = (Index("ix_provider_register_group", "provider", "account", "grp"),)

    provider: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    grp: Mapped[str]
    v_at: Mapped[int] = mapped_column(BigInteger)
    v_rank: Mapped[int]
    v_ev: Mapped[str]
    state: Mapped[dict[str, Any]] = mapped_column(info=PERSONAL)
    livemode: Mapped[bool]


class ProviderMap(Base):
    """Which row of ours a provider's object is."""

    __tablename__ = "provider_map"
    __table_args__ = (
        UniqueConstraint("provider", "account", "kind", "ref"),
        make_word_check("kind", ProviderObject),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    account: Mapped[str]
    kind: Mapped[ProviderObject]
    ref: Mapped[str]
    donor_fields: Mapped[dict[str, object] | None] = mapped_column(
        info=PERSONAL
    )  # of a customer: what of our donor the provider filled in
    subject_id: Mapped[int] = mapped_column(
        index=True
    )  # donor, recurring_gift, payment, instalment or payout


class Payment(Base):
    """An attempt at a provider. It may fail; when it succeeds, a gift is recorded in the same commit."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("provider", "account", "payment_key"),
        make_word_check("state", PaymentState),
        Index(  # what the check of payments asks for: there should be none
            "ix_payment_without_gift",
            "id",
            sqlite_where=text("state = 'succeeded' AND gift_id IS NULL"),
            postgresql_where=text("state = 'succeeded' AND gift_id IS NULL"),
        ),
        make_word_check("method", GiftMethod),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    account: Mapped[str]
    payment_key: Mapped[str]
    state: Mapped[PaymentState]
    amount_minor: Mapped[Minor]
    currency: Mapped[Currency]
    method: Mapped[GiftMethod] = mapped_column(default="other")
    failure_code: Mapped[str] = mapped_column(default="")
    occurred_at: Mapped[datetime]
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id", ondelete="RESTRICT"), index=True)
    instalment_id: Mapped[int | None] = mapped_column(
        ForeignKey("instalment.id", ondelete="RESTRICT"), index=True
    )
    gift_id: Mapped[int | None] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"), index=True)
    is_test: Mapped[bool] = mapped_column(default=False)


class Payout(Base):
    """A provider's transfer to our bank, net of its fees; one bank entry, never a gift."""

    __tablename__ = "payout"
    __table_args__ = (
        UniqueConstraint("provider", "account", "ref"),
        make_word_check("state", PayoutState),
        Index("ix_payout_arrival_on_net_minor", "arrival_on", "net_minor"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    account: Mapped[str]
    ref: Mapped[str]
    state: Mapped[PayoutState]
    net_minor: Mapped[Minor]
    currency: Mapped[Currency]
    arrival_on: Mapped[date]
    descriptor: Mapped[str] = mapped_column(default="")  # what the bank entry's text is said to contain
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id", ondelete="RESTRICT"), unique=True)
    is_test: Mapped[bool] = mapped_column(default=False)


class PayoutItem(Base):
    """One line of a provider's own account; the fee of a gift is the fee of its item."""

    __tablename__ = "payout_item"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        make_word_check("kind", PayoutItemKind),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payout_id: Mapped[int | None] = mapped_column(ForeignKey("payout.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[PayoutItemKind]
    gross_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    net_minor: Mapped[Minor]
    currency: Mapped[Currency]
    gift_id: Mapped[int | None] = mapped_column(ForeignKey("gift.id", ondelete="RESTRICT"), index=True)
    source: Mapped[str]
    source_ref: Mapped[str]
