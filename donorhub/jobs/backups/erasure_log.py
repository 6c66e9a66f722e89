"""``erasures.log``: who was erased, beside the backups, so that no older copy brings them back.

It holds numbers and keyed hashes, no person, and is written whole each time, with what it held before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from donorhub import vault
from donorhub.config import Settings
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Donor, Erasure
from donorhub.services.donors import erasure

NAME: Final = "erasures.log"


@dataclass(frozen=True, slots=True)
class ErasureLog:
    """What such a file says: up to which moment it reaches, and who was erased by then."""

    reaches: datetime
    erased: tuple[tuple[int, str], ...]  # number and hash of the code, in order


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of the erasures of a log in a restored base."""

    erased: int  # anew
    known: int  # erased in the backup already
    absent: int  # not in the backup: they came later


def read_log(text: str) -> ErasureLog:
    """Return what a log says; raise Rejected for anything else."""
    try:
        head, *lines = [json.loads(line) for line in text.splitlines() if line]
        erased = tuple((int(line["donor"]), str(line["code_hash"])) for line in lines)
        return ErasureLog(datetime.fromisoformat(head["reaches"]).astimezone(UTC), erased)
    except (ValueError, KeyError, TypeError) as e:
        raise Rejected(f"this is no {NAME}", code="no_erasure_log") from e


def write_log(settings: Settings, *, now: datetime) -> str:
    """Bring the logs of this installation up to date with its base, and return what they say."""
    rows = db.session.execute(select(Erasure.donor_id, Erasure.code_hash).order_by(Erasure.id))
    earlier_logs = [read_log(path.read_text()) for path in list_paths(settings) if path.exists()]
    pairs = [pair for log in earlier_logs for pair in log.erased]
    pairs += [(donor_id, code_hash) for donor_id, code_hash in rows]
    text = _format_log(ErasureLog(now, tuple(dict.fromkeys(pairs))))
    for path in list_paths(settings):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace_file(path, text)
    return text


def list_paths(settings: Settings) -> list[Path]:
    """Return where the log lies: with the data, and beside the backups."""
    folders = [settings.home, *([Path(settings.backup_dir)] if settings.backup_dir else [])]
    return [folder / NAME for folder in folders]


def choose_newest(texts: Iterable[str]) -> ErasureLog | None:
    """Return the log that reaches furthest; None where there is none."""
    return max((read_log(text) for text in texts), key=lambda log: log.reaches, default=None)


def replay_log(log: ErasureLog, *, now: datetime, actor: str) -> Replay:
    """Erase again whom the log names and the base still has; the caller commits. Again changes nothing."""
    counts = {"erased": 0, "known": 0, "absent": 0}
    for donor_id, code_hash in log.erased:
        donor = db.session.get(Donor, donor_id)
        if donor is None:
            counts["absent"] += 1
        elif donor.erased_at is not None:
            counts["known"] += 1
        elif vault.compute_keyed_hash(donor.code) != code_hash:
            raise Rejected(
                f"{NAME} is of another installation: donor {donor_id} is somebody else here", code="other_log"
            )
        else:
            erasure.erase_donor(donor_id, now=now, actor=actor)
            counts["erased"] += 1
    return Replay(**counts)


def _format_log(log: ErasureLog) -> str:
    head = {"reaches": log.reaches.astimezone(UTC).isoformat()}
    lines = [{"donor": donor_id, "code_hash": code_hash} for donor_id, code_hash in log.erased]
    return "".join(json.dumps(line) + "\n" for line in [head, *lines])


def _replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all, kept when the power fails."""
    new_path = path.with_suffix(".new")
    with os.fdopen(os.open(new_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new_path, path)
