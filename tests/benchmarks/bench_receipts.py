"""Milliseconds and memory per receipt: WeasyPrint used plainly, and our way with all that can be kept.

Run it by hand: ``python tests/benchmarks/bench_receipts.py [documents | --quick]``. Each way runs in a
process of its own, so that neither inherits the other's memory; CPU time counts, not the clock.
The words and the look are the same in both; the plain way reads the fonts from their files and
parses the style for each document.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.sizes import read_size  # noqa: E402  after the path, since it runs as a file too


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def _plain(html: str) -> bytes:
    import weasyprint

    templates, fonts = ROOT / "receipts/templates", ROOT / "receipts/fonts"
    style = "".join((templates / f"receipt-1.{part}").read_text() for part in ("css", "print.css"))
    style = style.replace("receipt-font:regular", (fonts / "DejaVuSansCondensed.ttf").as_uri())
    style = style.replace("receipt-font:bold", (fonts / "DejaVuSansCondensed-Bold.ttf").as_uri())
    page = html.replace("</head>", f"<style>{style}</style></head>")
    made: bytes = weasyprint.HTML(string=page).write_pdf(pdf_variant="pdf/ua-1")
    return made


def _measure(way: str, documents: int) -> None:
    from receipts.packs import get_pack_by_version
    from receipts.render import make_environment, render_pdf
    from receipts.view import make_values
    from tests.receipts import samples

    receipts = [samples.annual(5 + n % 8, number=f"2026/{n:06}") for n in range(documents + 1)]

    def one(n: int) -> bytes:
        if way == "ours":
            return render_pdf(receipts[n])
        held = make_values(receipts[n], get_pack_by_version(receipts[n].rule_pack_version))
        return _plain(make_environment().get_template("receipt-1.html").render(held, inline_style=""))

    started = time.process_time()
    size = len(one(documents))
    first, before, started = time.process_time() - started, _resident_mib(), time.process_time()
    for n in range(documents):
        one(n)
    each = (time.process_time() - started) / documents * 1000
    print(
        f"{way:6} {each:6.1f} ms CPU each, first {first * 1000:.0f} ms; {size / 1024:.0f} KiB; "
        f"memory {before:.0f} -> {_resident_mib():.0f} MiB after {documents}"
    )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _measure(sys.argv[1], int(sys.argv[2]))
    else:
        for way in ("plain", "ours"):
            count = read_size(sys.argv[1:], quick=5, full=100)
            subprocess.run([sys.executable, __file__, way, str(count)], check=True)
