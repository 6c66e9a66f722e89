"""Reading a PDF back, as a donor's viewer or a hostile one would."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.generic import StreamObject

POPPLER = shutil.which("pdftotext")


def pages(pdf: bytes) -> list[str]:
    """The text of each page by pypdf, blanks and line ends made one blank."""
    return [_flat(page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


def text(pdf: bytes) -> str:
    return " ".join(pages(pdf))


def poppler_text(pdf: bytes) -> str:
    assert POPPLER
    done = subprocess.run([POPPLER, "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return _flat(done.stdout.decode())


def streams(pdf: bytes) -> Iterator[bytes]:
    """Every object of the file, streams unpacked."""
    reader = PdfReader(io.BytesIO(pdf))
    for number in range(1, len(reader.xref[0]) + 1):
        held = reader.get_object(number)
        yield held.get_data() if isinstance(held, StreamObject) else repr(held).encode()


def _flat(text: str) -> str:
    return " ".join(text.split())
