"""Several bank files sent at once, also in a ZIP: each is kept and read as if it had come alone.

What became of one file is told beside the others; nothing that is wrong with it stops them. A file is taken
in by :mod:`.imports`; an archive itself is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from donorhub.errors import Rejected
from donorhub.models import ImportFile
from donorhub.services.bank.files import imports
from importers import archive
from importers.archive import UnreadableArchive
from importers.codes import DeliveryFault, Reason
from importers.sniff import MOST_MEMBERS, find_format
from importers.statement import Problem, make_problem

MOST_FILES: Final = MOST_MEMBERS  # in one delivery, those in archives counted too


class SentFile(NamedTuple):
    """A file as somebody sent it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one file: it is kept, and ``is_read`` now or came before; or the ``problem`` says why it
    is not.
    """

    filename: str
    file: ImportFile | None = None
    is_read: bool = False
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file as it lies in what was sent, or why it is not there."""

    name: str
    content: bytes = b""
    fault: Reason[DeliveryFault] | None = None


def is_archive(content: bytes) -> bool:
    """Return whether the files in it are to be read, and not it itself."""
    return find_format(content) == "zip"


def open_files(files: Sequence[SentFile]) -> Iterator[SentFile | Problem]:
    """Yield the files that were sent, those of a ZIP in its place; a problem for what is not opened."""
    for one in _open_all(files):
        yield SentFile(one.name, one.content) if one.fault is None else _make_problem(one.fault, one.name)


def receive_files(
    files: Sequence[SentFile],
    *,
    now: datetime,
    actor: str,
    bank_account_id: int | None = None,
    layout: Mapping[str, object] | None = None,
    currency: str = "",
    create_accounts: bool = False,
    limit_mb: int = 50,
) -> list[Arrival]:
    """Keep each of the files, and each file of a ZIP among them, and plan that it is read; in their order.

    The same bytes again change nothing. Raise Rejected for more files than one delivery may have.
    """
    opened_files = _open_few(files)
    arrivals: dict[int, Arrival] = {}
    # In the order of their digests, so that two deliveries of the same files never wait for each other.
    digests = [hashlib.sha256(file.content).digest() for file in opened_files]
    for at in sorted(range(len(opened_files)), key=digests.__getitem__):
        one = opened_files[at]
        fault = one.fault or _find_size_fault(one.content, limit_mb)
        if fault is not None:
            arrivals[at] = Arrival(one.name, problem=_make_problem(fault, one.name))
            continue
        file, is_read = imports.receive_file(
            one.content,
            one.name,
            bank_account_id=bank_account_id,
            layout=layout,
            currency=currency,
            create_accounts=create_accounts,
            limit_mb=limit_mb,
            now=now,
            actor=actor,
        )
        arrivals[at] = Arrival(one.name, file, is_read)
    return [arrivals[at] for at in range(len(opened_files))]


def open_sent_files(files: Sequence[SentFile], *, limit_mb: int) -> list[SentFile | Arrival]:
    """Return the files that were sent, those of a ZIP in its place; an arrival for what cannot be taken in.

    Raise Rejected for more files than one delivery may have.
    """
    opened_files: list[SentFile | Arrival] = []
    for one in _open_few(files):
        fault = one.fault or _find_size_fault(one.content, limit_mb)
        if fault is not None:
            opened_files.append(Arrival(one.name, problem=_make_problem(fault, one.name)))
        else:
            opened_files.append(SentFile(one.name, one.content))
    return opened_files


def _open_few(files: Sequence[SentFile]) -> list[_Opened]:
    opened_files = list(_open_all(files))
    if len(opened_files) > MOST_FILES:
        raise Rejected(
            f"{len(opened_files)} files are more than {MOST_FILES}: send them in parts", code="too_many_files"
        )
    return opened_files


def _open_all(files: Sequence[SentFile]) -> Iterator[_Opened]:
    left_bytes = archive.MAX_UNPACKED
    for name, content in files:
        if not is_archive(content):
            yield _Opened(name, content)
            continue
        try:
            members = archive.open_archive(content, most_bytes=left_bytes)
        except UnreadableArchive as e:
            yield _Opened(name, fault=e.reason)
            continue
        for member in members:
            left_bytes -= len(member.content)
            yield _Opened(f"{name} / {member.name}", member.content, member.fault)


def _find_size_fault(content: bytes, limit_mb: int) -> Reason[DeliveryFault] | None:
    return Reason("file_too_large", {"most": limit_mb}) if len(content) > limit_mb * 1024 * 1024 else None


def _make_problem(reason: Reason[DeliveryFault], name: str) -> Problem:
    return make_problem("error", reason, where=name)
