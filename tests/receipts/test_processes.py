"""Receipts in processes of their own: the same bytes, nothing left behind, no memory that grows."""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from receipts import render_pdf, render_pdfs
from tests.receipts import samples

ROOT = Path(__file__).parents[2]


def _run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the script in a fresh interpreter that can import receipts and these samples."""
    return subprocess.run(
        [sys.executable, "-c", "from tests.receipts import samples\n" + script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        check=True,
    )


def test_other_hash_seed_gives_same_bytes() -> None:
    """Another process with another hash seed and time zone gives the same bytes, so a receipt can be
    proved."""
    script = (
        "import hashlib; from receipts import render_pdf; "
        "print(hashlib.sha256(render_pdf(samples.annual(12))).hexdigest())"
    )
    done = _run(script, PYTHONHASHSEED="7", TZ="Pacific/Kiritimati")
    assert done.stdout.decode().strip() == hashlib.sha256(render_pdf(samples.annual(12))).hexdigest()


def test_missing_pango_names_its_remedy() -> None:
    """Without Pango the error names the command that installs it, and the preview still works. A real process
    in which every library of the system but libc is hidden from the loader."""
    script = (
        "import cffi\n"
        "def gone(self, name, flags=0): raise OSError(f'cannot load library {name!r}')\n"
        "cffi.FFI.dlopen = gone\n"
        "from receipts import Unrenderable, render_pdf, render_html\n"
        "assert 'Łukasiewicz' in render_html(samples.receipt())\n"
        "try: render_pdf(samples.receipt())\n"
        "except Unrenderable as e: print(e)\n"
    )
    done = _run(script)
    assert b"apt-get install --no-install-recommends libpangoft2-1.0-0" in done.stdout


def test_drawing_process_leaves_nothing_behind(tmp_path: Path) -> None:
    """A process that made a PDF leaves no file in the temporary folder and writes nothing to stderr."""
    script = "from receipts import render_pdf; render_pdf(samples.receipt())"
    done = _run(script, TMPDIR=str(tmp_path))
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_many_documents_need_no_more_memory() -> None:
    """Three hundred documents take no more memory than fifty. A new font configuration per document would
    leak about 0.3 MiB each, 75 MiB here."""
    receipts = (samples.annual(1 + n % 4, number=f"2026/{n:06}") for n in range(300))
    documents = render_pdfs(receipts)
    for _ in range(50):
        next(documents)
    before = _resident_kib()
    assert sum(1 for _ in documents) == 250
    assert _resident_kib() - before < 15 * 1024


def test_forked_child_draws_the_same_bytes() -> None:
    """A child of a preloaded worker draws the same bytes and leaves its parent's fonts in place."""
    script = (
        "import hashlib, os, sys; from receipts import preload_engine, render_pdf\n"
        "preload_engine(); assert 'weasyprint' in sys.modules\n"
        "def told(): print(hashlib.sha256(render_pdf(samples.receipt())).hexdigest(), flush=True)\n"
        "child = os.fork()\n"
        "told() if not child else os.waitpid(child, 0) and told()\n"
    )
    done = _run(script)
    assert done.stdout.decode().split() == [hashlib.sha256(render_pdf(samples.receipt())).hexdigest()] * 2


def test_swept_fonts_change_no_document(tmp_path: Path) -> None:
    """When a sweeper takes the fonts from /tmp, the next document is still the same, byte for byte."""
    script = (
        "import pathlib, shutil, sys; from receipts import preload_engine, render_pdf\n"
        "preload_engine()\n"
        "[shutil.rmtree(folder) for folder in pathlib.Path(sys.argv[1]).iterdir()]\n"
        "one = render_pdf(samples.receipt())\n"
        "[shutil.rmtree(folder) for folder in pathlib.Path(sys.argv[1]).iterdir()]\n"
        "sys.stdout.buffer.write(one if render_pdf(samples.receipt()) == one else b'another')\n"
    )
    done = _run(script, str(tmp_path), TMPDIR=str(tmp_path))
    assert done.stdout == render_pdf(samples.receipt())
    assert list(tmp_path.iterdir()) == []


def _resident_kib() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def test_importing_receipts_does_not_load_the_pdf_library() -> None:
    done = _run("import sys, receipts; print('weasyprint' in sys.modules)")
    assert done.stdout.split() == [b"False"]
