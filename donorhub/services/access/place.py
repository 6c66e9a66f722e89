"""Where this base is and under which address it is reached, as facts that a copy cannot share all of.

What changes without anybody having copied anything is no fact: the name of the host, the number of a disk's
device, the id of a container. The facts are kept as keyed hashes, whose key lies outside the database.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from sqlalchemy import URL, text

from donorhub import vault
from donorhub.db import db

Fact = Literal["path", "file", "machine", "server", "cluster", "database", "address"]
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_MACHINE_ID: Final = Path("/etc/machine-id")
_CONTAINER_MARKS: Final = (Path("/.dockerenv"), Path("/run/.containerenv"))
_MOUNTS: Final = Path("/proc/self/mounts")
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")  # a blank in a name is \040 there
# Systems of files that give each file another number at each mount; the second line is of virtual machines.
_NUMBERED_ANEW: Final = (
    *("vfat", "msdos", "exfat", "cifs", "smb3", "9p", "fuse"),
    *("virtiofs", "fakeowner", "vboxsf", "vmhgfs", "prl_fs"),
)
_MAY_ASK: Final = text("SELECT has_function_privilege('pg_control_system()', 'execute')")
_CLUSTER: Final = text("SELECT system_identifier FROM pg_control_system()")
_DATABASE: Final = text("SELECT datname, oid FROM pg_database WHERE datname = current_database()")


def read_place(public_url: str) -> dict[Fact, str]:
    """Return the facts of this place that can be told, in plain text; none of a base in memory."""
    url: URL = db.engine.url
    facts = _read_sqlite(url) if url.get_backend_name() == "sqlite" else _read_postgres(url)
    return facts | _read_address(public_url) if facts else {}


def hash_facts(facts: Mapping[Fact, str]) -> dict[str, str]:
    """Return the facts as they are kept."""
    return {name: vault.compute_keyed_hash(f"place|{name}|{value}") for name, value in facts.items()}


def _read_sqlite(url: URL) -> dict[Fact, str]:
    """Return where the file is. It is looked at from outside: nobody may open it beside the database."""
    if not url.database or not os.path.exists(url.database):
        return {}
    path = os.path.realpath(url.database)
    facts: dict[Fact, str] = {"path": path}
    if not _find_file_system(path).startswith(_NUMBERED_ANEW):
        facts["file"] = str(os.stat(path).st_ino)
    machine_id = _read_machine_id()
    return facts | {"machine": machine_id} if machine_id else facts


def _find_file_system(path: str) -> str:
    """Return the kind of the file system that a file lies in; "" where the kernel does not tell."""
    if not _MOUNTS.exists():
        return ""
    mounts = [line.split()[1:3] for line in _MOUNTS.read_text(errors="surrogateescape").splitlines()]
    plain_mounts = [(_ESCAPED.sub(lambda mark: chr(int(mark[1], 8)), point), kind) for point, kind in mounts]
    around = [(len(point), kind) for point, kind in plain_mounts if Path(path).is_relative_to(point)]
    return max(around, default=(0, ""))[1]


def _read_machine_id() -> str:
    """Return what a machine keeps for good; "" in a container, which has that of its image or none."""
    in_container = any(mark.exists() for mark in _CONTAINER_MARKS) or "KUBERNETES_SERVICE_HOST" in os.environ
    if in_container or not _MACHINE_ID.exists():
        return ""
    return _MACHINE_ID.read_text().strip()


def _read_postgres(url: URL) -> dict[Fact, str]:
    host = url.host or url.query.get("host") or ""
    facts: dict[Fact, str] = {"server": f"{host}:{url.port or 5432}"}
    name, oid = db.session.execute(_DATABASE).one()
    facts["database"] = f"{name}:{oid}"
    if db.session.scalar(_MAY_ASK):
        facts["cluster"] = str(db.session.scalar(_CLUSTER))
    return facts


def _read_address(public_url: str) -> dict[Fact, str]:
    """Return the address that people type; one of this machine alone tells nothing."""
    parts = urlsplit(public_url)
    return {} if parts.hostname in LOOPBACK else {"address": f"{parts.scheme}://{parts.netloc}{parts.path}"}
