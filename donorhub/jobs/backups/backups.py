"""Making backups: one encrypted file for each, to keys whose secret half is kept elsewhere.

A file holds the base as of one moment, the log of erasures, and the key of what is sealed in the base.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyrage

from donorhub.config import Settings
from donorhub.db import db
from donorhub.errors import Conflict, Misconfigured, Rejected
from donorhub.jobs.backups import dumping, erasure_log
from donorhub.migrations.run import find_newest_revision
from donorhub.services.access import audit, instance, organisation

KEYS_FILE: Final = "backup_keys"  # public halves, one a line
MANIFEST: Final = "manifest.json"
BASE: Final = "base"
FIELD_KEY: Final = "field_key"
_NIGHT: Final = range(1, 6)  # hours of the organisation's clock
_PREFIX, _SUFFIX, _TIME = "donorhub-", ".age", "%Y%m%dT%H%M%SZ"


def make_key(settings: Settings, path: Path) -> str:
    """Make a key: its secret half is written to a new file that is to be kept elsewhere, its public half is
    kept here; return that. Raise Conflict where the file is there already.
    """
    identity = pyrage.x25519.Identity.generate()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"# DonorHub: opens its backups. Keep it away from them.\n{identity}\n")
    except FileExistsError as e:
        raise Conflict(f"{path} is there already: a key is never overwritten", code="file_exists") from e
    public_key = str(identity.to_public())
    with (settings.home / KEYS_FILE).open("a") as file:
        file.write(public_key + "\n")
    (settings.home / KEYS_FILE).chmod(0o600)
    return public_key


def list_public_keys(settings: Settings) -> list[str]:
    """Return the keys that backups are encrypted to: those of the setting, and those made here."""
    path = settings.home / KEYS_FILE
    keys = settings.backup_keys.split(",") + (path.read_text().splitlines() if path.exists() else [])
    return list(dict.fromkeys(key.strip() for key in keys if key.strip()))


def list_backups(folder: Path) -> dict[datetime, Path]:
    """Return the backups in a folder by when they were made, the oldest first."""
    backups: dict[datetime, Path] = {}
    for path in sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}")):
        try:
            made_at = datetime.strptime(path.name, f"{_PREFIX}{_TIME}{_SUFFIX}").replace(tzinfo=UTC)
        except ValueError:
            continue  # somebody else's file
        backups[made_at] = path
    return backups


def make_backup(settings: Settings, folder: Path, *, now: datetime, actor: str) -> Path:
    """Make a backup in a folder, note it in the audit, and return its path; call it with no transaction open.

    Raise Misconfigured where no key is set: a backup is never written readable.
    """
    recipients = _read_recipients(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{_PREFIX}{now.astimezone(UTC).strftime(_TIME)}{_SUFFIX}"
    with make_workplace(settings.home) as workplace:
        log_text = erasure_log.write_log(settings, now=now)
        ref = instance.get_instance().ref
        db.session.rollback()
        totals = dumping.dump_base(workplace / BASE)
        manifest = {
            "made_at": now.astimezone(UTC).isoformat(),
            "instance": ref,
            "schema": find_newest_revision(),
            "kind": db.engine.dialect.name,
            "sha256": compute_sha256(workplace / BASE),
            "totals": totals,
        }
        (workplace / MANIFEST).write_text(json.dumps(manifest, indent=1))
        (workplace / erasure_log.NAME).write_text(log_text)
        (workplace / FIELD_KEY).write_text(settings.field_key)
        _encrypt_files(workplace, path, recipients)
    audit.record_action(actor, "backup.made", ("instance", 1), now=now, data={"file": path.name})
    return path


def find_newest(folder: Path) -> datetime | None:
    """Return when the newest backup in a folder was made; None where there is none."""
    return max(list_backups(folder), default=None) if folder.is_dir() else None


def is_due(settings: Settings, *, now: datetime) -> bool:
    """Return whether the nightly backup is to be made now: a folder and a key are set, it is night, or none
    was made for two days."""
    if not settings.backup_dir or not list_public_keys(settings):
        return False
    newest_at = find_newest(Path(settings.backup_dir))
    age = timedelta.max if newest_at is None else now - newest_at
    is_night = now.astimezone(organisation.get_zone()).hour in _NIGHT
    return age > timedelta(hours=20) if is_night else age > timedelta(days=2)


def delete_old(settings: Settings, folder: Path, *, now: datetime) -> int:
    """Delete backups older than the setting says, but never the newest; return how many."""
    *older, _newest = list(list_backups(folder).items()) or [(now, Path())]
    old_paths = [path for made_at, path in older if made_at < now - timedelta(days=settings.backup_days)]
    for path in old_paths:
        path.unlink(missing_ok=True)
    return len(old_paths)


def open_backup(path: Path, identity_text: str, workplace: Path) -> dict[str, object]:
    """Decrypt a backup into a folder of ours and return its manifest; raise Rejected where a bit of it is
    another, the key does not open it, or it is no backup."""
    lines = [line for line in identity_text.splitlines() if line.startswith("AGE-SECRET-KEY-")]
    try:
        identities = [pyrage.x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError as e:
        raise Rejected("this is no key that opens backups", code="backup_shut") from e
    packed_path = workplace / "packed"
    try:
        pyrage.decrypt_file(str(path), str(packed_path), identities)
    except (pyrage.DecryptError, OSError) as e:
        if isinstance(e, OSError) and e.errno is not None:  # the disk's fault, not the backup's
            raise
        raise Rejected("this key does not open it, or the backup was changed", code="backup_shut") from e
    with tarfile.open(packed_path) as archive:
        archive.extractall(workplace, filter="data")
    packed_path.unlink()
    manifest: dict[str, object] = json.loads((workplace / MANIFEST).read_text())
    if compute_sha256(workplace / BASE) != manifest["sha256"]:
        raise Rejected("the base in the backup is damaged", code="backup_damaged")
    return manifest


@contextmanager
def make_workplace(home: Path) -> Iterator[Path]:
    """Give a folder that is ours alone and goes with what is in it."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="backup-", dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compute_sha256(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_recipients(settings: Settings) -> list[pyrage.x25519.Recipient]:
    keys = list_public_keys(settings)
    if not keys:
        raise Misconfigured(
            "no key to encrypt backups to: `donorhub backup --new-key FILE` makes one, and you keep that file"
            " elsewhere"
        )
    try:
        return [pyrage.x25519.Recipient.from_str(key) for key in keys]
    except pyrage.RecipientError as e:
        raise Misconfigured("DONORHUB_BACKUP_KEYS holds no public key of age (age1…)") from e


def _encrypt_files(workplace: Path, path: Path, recipients: list[pyrage.x25519.Recipient]) -> None:
    packed_path, new_path = workplace / "packed", path.with_suffix(".new")
    with tarfile.open(packed_path, "w") as archive:
        for name in (MANIFEST, BASE, erasure_log.NAME, FIELD_KEY):
            archive.add(workplace / name, name)
    pyrage.encrypt_file(str(packed_path), str(new_path), recipients)
    new_path.chmod(0o600)
    os.replace(new_path, path)
