"""``donorhub webhooks``: endpoints, secrets, the inbox of provider events, signed samples."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import click
from flask import current_app
from sqlalchemy import select

from donorhub import clock
from donorhub.cli.arguments import load_arguments
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.errors import NotFound, Rejected
from donorhub.jobs.queue import perform
from donorhub.models import ProviderEvent
from donorhub.models.states import PROVIDER_EVENT_STATES, ProviderEventState
from donorhub.schemas.providers import NewEndpoint, NewEndpointSchema, NewSecret, NewSecretSchema
from donorhub.services.access import organisation
from donorhub.services.providers import endpoints, inbox
from webhooks import list_provider_names


@click.group("webhooks")
def webhooks_group() -> None:
    """Payment providers: where their messages come in, and what became of them."""


@webhooks_group.command("create")
@click.argument("provider", type=click.Choice(list_provider_names()))
@click.option("--secret", prompt=True, hide_input=True, help="The signing secret, whsec_… at Stripe.")
@click.option("--account", default="", help="The provider's id of our account, where it sends one.")
@click.option(
    "--test-mode", is_flag=True, help="For the provider's test mode: its gifts are marked as tests."
)
@run_in_app
def create_endpoint(provider: str, secret: str, account: str, test_mode: bool) -> None:
    """Open an address for PROVIDER and print it."""
    new: NewEndpoint = load_arguments(
        NewEndpointSchema(), provider=provider, secret=secret, account=account, livemode=not test_mode
    )
    endpoint = endpoints.create_endpoint(now=clock.now(), actor=get_actor(), **new)
    db.session.commit()
    settings: Settings = current_app.extensions["donorhub.settings"]
    click.echo(f"{settings.public_url}/webhooks/{endpoint.provider}/{endpoint.slug}")


@webhooks_group.command("endpoints")
@run_in_app
@read_only()
def list_endpoints() -> None:
    """List the addresses with what came in, and below each its secrets by number."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    rows = endpoints.list_endpoints()
    if not rows:
        click.echo("there is none: `donorhub webhooks create stripe` makes one", err=True)
    for one in rows:
        mode = "live" if one.livemode else "test"
        click.echo(
            f"{one.id}\t{settings.public_url}/webhooks/{one.provider}/{one.slug}\t{mode}\t"
            f"bad signatures: {one.bad_signatures}"
        )
        for secret in endpoints.list_secrets(one.id):
            until = f"until {_write_moment(secret.expires_at)}" if secret.expires_at else "valid"
            click.echo(f"\tsecret {secret.id}\t{secret.label}\t{until}")


@webhooks_group.command("add-secret")
@click.argument("endpoint_id", type=ROW_ID)
@click.option("--secret", prompt=True, hide_input=True)
@click.option("--label", default="")
@run_in_app
def add_secret(endpoint_id: int, secret: str, label: str) -> None:
    """Add a signing secret to ENDPOINT_ID; the old ones stay valid."""
    new: NewSecret = load_arguments(NewSecretSchema(), secret=secret, label=label)
    endpoints.add_secret(endpoint_id, now=clock.now(), actor=get_actor(), **new)
    db.session.commit()
    click.echo("added: change it at the provider, then expire the old one")


@webhooks_group.command("expire-secret")
@click.argument("secret_id", type=ROW_ID)
@run_in_app
def expire_secret(secret_id: int) -> None:
    """Make the secret SECRET_ID worthless from now on."""
    now = clock.now()
    endpoints.expire_secret(secret_id, at=now, now=now, actor=get_actor())
    db.session.commit()
    click.echo(f"secret {secret_id} is expired")


@webhooks_group.command("tail")
@click.option("-n", "count", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--state", type=click.Choice(PROVIDER_EVENT_STATES), help="Only those in this state.")
@run_in_app
@read_only()
def show_newest_events(count: int, state: ProviderEventState | None) -> None:
    """Show the newest provider events, without what they say of people."""
    query = select(ProviderEvent).order_by(ProviderEvent.id.desc()).limit(count)
    if state:
        query = query.where(ProviderEvent.state == state)
    events = db.session.scalars(query).all()
    if not events:
        click.echo("there is no such provider event", err=True)
    for one in events:
        click.echo(
            f"{one.id}\t{_write_moment(one.received_at)}\t{one.type}\t{one.object_id}\t{one.state}"
            f"\t{one.reason}\tdeliveries {one.deliveries}"
        )


@webhooks_group.command("show")
@click.argument("event_id", type=ROW_ID)
@run_in_app
@read_only()
def show_event(event_id: int) -> None:
    """Print one event as it came. It may hold personal data."""
    event = inbox.get_event(event_id)
    click.echo(inbox.make_raw_event(event).body.decode("utf-8", "replace"))


@webhooks_group.command("release")
@click.argument("event_ids", type=ROW_ID, nargs=-1, required=True)
@run_in_app
def release_events(event_ids: tuple[int, ...]) -> None:
    """Work off events from the error inbox again."""
    for event_id in event_ids:
        inbox.release_event(event_id, now=clock.now(), actor=get_actor())
    db.session.commit()
    perform.drain_inbox()
    for event_id in event_ids:
        event = inbox.get_event(event_id)
        click.echo(f"{event_id}\t{event.state}\t{event.reason}")


@webhooks_group.command("send")
@click.argument("url")
@click.argument(
    "files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True
)
@click.option("--secret", required=True, help="The signing secret of that address.")
def send_samples(url: str, files: tuple[Path, ...], secret: str) -> None:
    """Sign sample events in FILES (one event or a list) like Stripe and post them to URL."""
    for path in files:
        for event in _read_samples(path):
            click.echo(f"{event.get('type', '?')}\t{_post_event(url, json.dumps(event).encode(), secret)}")


def _read_samples(path: Path) -> list[dict[str, object]]:
    try:
        content = json.loads(path.read_text())
    except ValueError as e:
        raise Rejected(f"{path} is no JSON: {e}") from e
    events = content if isinstance(content, list) else [content]
    if not all(isinstance(event, dict) for event in events):
        raise Rejected(f"{path} holds something else than events")
    return events


def _post_event(url: str, body: bytes, secret: str) -> int:
    if not url.startswith(("http://", "https://")):
        raise Rejected(f"{url} is no web address")
    at = int(time.time())
    signature = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={at},v1={signature}"}
    try:
        with urlopen(Request(url, body, headers), timeout=30) as answer:  # noqa: S310  http, checked above
            return int(answer.status)
    except HTTPError as e:
        return int(e.code)
    except URLError as e:
        raise NotFound(f"nothing answers at {url}: {e.reason}") from e


def _write_moment(moment: datetime) -> str:
    """Return an instant by the organisation's clock."""
    return f"{moment.astimezone(organisation.get_zone()):%Y-%m-%d %H:%M:%S}"
