"""Webhook endpoints and their secrets: where a provider's messages come in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

import webhooks
from donorhub import vault
from donorhub.db import db
from donorhub.errors import NotFound, Rejected
from donorhub.models import WebhookEndpoint, WebhookSecret
from donorhub.services.access import audit
from webhooks.fact import Endpoint, Secret

_AFTER_PREFIX: Final = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """An endpoint with its secrets readable: what verifying needs."""

    id: int
    provider: str
    account: str
    is_active: bool
    livemode: bool
    seen_by_adapter: Endpoint
    secrets: tuple[Secret, ...]


def create_endpoint(
    provider: str,
    secret: str,
    *,
    now: datetime,
    actor: str,
    account: str = "",
    livemode: bool = True,
    settings: Mapping[str, object] | None = None,
) -> WebhookEndpoint:
    """Open an address for one provider account, with its first signing secret."""
    try:
        webhooks.get_provider(provider)
    except webhooks.UnknownProvider as e:
        raise Rejected(str(e), field="/provider") from e
    endpoint = WebhookEndpoint(
        provider=provider,
        slug=secrets.token_hex(16),
        account=account,
        livemode=livemode,
        settings=dict(settings or {}),
        created_at=now,
    )
    db.session.add(endpoint)
    db.session.flush()  # the secret and the audit need its id
    add_secret(endpoint.id, secret, label="first", now=now, actor=actor)
    audit.record_action(
        actor, "endpoint.created", ("webhook_endpoint", endpoint.id), now=now, data={"provider": provider}
    )
    return endpoint


def add_secret(endpoint_id: int, secret: str, *, label: str, now: datetime, actor: str) -> WebhookSecret:
    """Add a signing secret; those there are stay valid until they are expired."""
    endpoint = db.session.get(WebhookEndpoint, endpoint_id)
    if endpoint is None:
        raise NotFound(f"there is no endpoint {endpoint_id}")
    _refuse_secret(endpoint.provider, secret.strip())
    row = WebhookSecret(
        endpoint_id=endpoint_id,
        sealed_secret=vault.seal_bytes(secret.strip().encode()),
        label=label,
        created_at=now,
    )
    db.session.add(row)
    audit.record_action(actor, "endpoint.secret_added", ("webhook_endpoint", endpoint_id), now=now)
    return row


def _refuse_secret(provider: str, secret: str) -> None:
    """Raise Rejected for what cannot be a signing secret of this provider."""
    if not secret:
        raise Rejected("a secret has at least one character", field="/secret")
    prefix = webhooks.find_secret_prefix(provider)
    if prefix is None:
        return
    if not secret.startswith(prefix) or not _AFTER_PREFIX.fullmatch(secret, len(prefix)):
        label = webhooks.get_provider(provider).label
        raise Rejected(
            f"this is no signing secret: the one of a {label} endpoint begins with {prefix}",
            field="/secret",
            code="secret_invalid",
            provider=label,
            prefix=prefix,
        )


def expire_secret(
    secret_id: int, *, at: datetime, now: datetime, actor: str, endpoint_id: int | None = None
) -> WebhookSecret:
    """Let a secret be good until ``at`` and no longer. With ``endpoint_id``, only one of that endpoint."""
    row = db.session.get(WebhookSecret, secret_id)
    if row is None or endpoint_id not in (None, row.endpoint_id):
        raise NotFound(f"there is no secret {secret_id}")
    row.expires_at = at
    audit.record_action(actor, "endpoint.secret_expired", ("webhook_endpoint", row.endpoint_id), now=now)
    return row


def open_endpoint(provider: str, slug: str, *, now: datetime) -> OpenEndpoint:
    """Return the endpoint of an address with its valid secrets; raise NotFound when there is none."""
    row: WebhookEndpoint | None = db.session.scalar(
        select(WebhookEndpoint).filter_by(provider=provider, slug=slug)
    )
    if row is None or not row.is_active:
        raise NotFound("nothing listens here")
    secret_rows = db.session.scalars(
        select(WebhookSecret).where(WebhookSecret.endpoint_id == row.id).order_by(WebhookSecret.id.desc())
    )
    return OpenEndpoint(
        id=row.id,
        provider=row.provider,
        account=row.account,
        is_active=row.is_active,
        livemode=row.livemode,
        seen_by_adapter=Endpoint(row.account, row.livemode, row.settings),
        secrets=tuple(
            Secret(one.id, vault.unseal_bytes(one.sealed_secret).decode())
            for one in secret_rows
            if one.expires_at is None or one.expires_at > now
        ),
    )


def count_bad_signature(endpoint_id: int) -> None:
    """Count a message that was not from the provider; nothing of it is kept."""
    db.session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(bad_signatures=WebhookEndpoint.bad_signatures + 1)
    )


def get_endpoint(endpoint_id: int) -> WebhookEndpoint:
    """Return an endpoint; raise NotFound when there is none."""
    row = db.session.get(WebhookEndpoint, endpoint_id)
    if row is None:
        raise NotFound(f"there is no endpoint {endpoint_id}")
    return row


def list_endpoints() -> list[WebhookEndpoint]:
    """Return all endpoints, the oldest first."""
    return list(db.session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id)))


def list_secrets(endpoint_id: int) -> list[WebhookSecret]:
    """Return the secrets of an endpoint as rows, the newest first; what they say stays sealed."""
    return list(
        db.session.scalars(
            select(WebhookSecret)
            .where(WebhookSecret.endpoint_id == endpoint_id)
            .order_by(WebhookSecret.id.desc())
        )
    )
