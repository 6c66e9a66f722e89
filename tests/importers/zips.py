"""ZIPs for tests: packed anew with the same bytes each time, and damaged on purpose."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping


def pack_files(files: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these files, of no time, so that the same files are the same bytes."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, packing)
    return kept.getvalue()


def damage_member(data: bytes, content: bytes) -> bytes:
    """A ZIP, packed without compression, with one byte of a member's content turned."""
    at = data.index(content)
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
