"""OFX: our reader beside plain ofxparse, entries a second, peak memory and growth.

Run: python -m tests.benchmarks.bench_ofx [--quick]. It prints, and asserts no time; what it does
check is that at the largest size both can read, every field of every entry is the same.
Files come from the shared bench folder's generator where it is there, else from a small one here.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

GENERATOR = (
    Path(os.environ.get("DONORHUB_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    / "bench"
    / "gen"
    / "statement.py"
)
Row = tuple[str, str, str, str, str]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(json.dumps(_measure_reader(arguments[1], Path(arguments[2]))))
        return
    sizes = (500, 1_000, 2_000) if "--quick" in arguments else (1_000, 10_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        files = {n: _file(kind="ofx1", entries=n, folder=Path(folder)) for n in sizes}
        second = _file(kind="ofx2", entries=sizes[-1], folder=Path(folder))
        print(f"{'reader':26}{'entries':>10}{'CPU s':>10}{'entries/s':>12}{'peak MB':>10}")
        _print_reader("first", f"ours without second, {sizes[0]:,}", files[sizes[0]])
        ours = {n: _print_reader("ours", f"ours, {n:,} OFX 1", path) for n, path in files.items()}
        _print_reader("ours", f"ours, {sizes[-1]:,} OFX 2", second)
        plain = {n: _print_reader("ofxparse", f"plain ofxparse, {n:,}", files[n]) for n in sizes[:2]}
        large, larger = sizes[1], sizes[2]
        print(f"growth from {large:,} to {larger:,}: {ours[larger] / ours[large]:.1f} times the time")
        print(f"at {large:,} entries ours is {plain[large] / ours[large]:.0f} times as fast as ofxparse")
        _compare(files[large])


def _file(*, kind: str, entries: int, folder: Path) -> Path:
    path = folder / f"{kind}_{entries}.ofx"
    if GENERATOR.is_file():
        command = [sys.executable, GENERATOR.name, kind, str(entries), "5000", str(path)]
        subprocess.run(command, cwd=GENERATOR.parent, check=True)
    else:
        path.write_text(_generate_file(kind, entries), "utf-8")
    return path


def _generate_file(kind: str, entries: int) -> str:
    """A statement like the generator's; OFX 2 closes its fields."""
    fields = ("TRNTYPE", "DTPOSTED", "TRNAMT", "FITID", "NAME", "MEMO")

    def row(n: int) -> str:
        day, amount = f"2026{n % 12 + 1:02d}{n % 28 + 1:02d}120000", f"{n % 900}.{n % 100:02d}"
        values = ("CREDIT", day, amount, f"F{n:012d}", f"Żaneta Kowal {n % 5000}", f"darowizna DH-{n % 5000}")
        closing = "</{}>" if kind == "ofx2" else ""
        pairs = zip(fields, values, strict=True)
        return "".join(f"<{name}>{value}{closing.format(name)}" for name, value in pairs)

    header = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
        if kind == "ofx2"
        else "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\nCHARSET:NONE\n\n"
    )
    rows = "\n".join(f"<STMTTRN>{row(n)}</STMTTRN>" for n in range(entries))
    return (
        f"{header}<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>PLN</CURDEF>"
        f"<BANKACCTFROM><ACCTID>1</ACCTID></BANKACCTFROM><BANKTRANLIST>\n{rows}\n"
        "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )


def _print_reader(reader: str, label: str, path: Path) -> float:
    """Measure in a process of its own, so that peaks do not mix; the CPU seconds."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_ofx", "--one", reader, str(path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    speed = told["entries"] / told["seconds"]
    print(f"{label:26}{told['entries']:>10,}{told['seconds']:>10.3f}{speed:>12,.0f}{told['peak_mb']:>10}")
    return float(told["seconds"])


def _measure_reader(reader: str, path: Path) -> dict[str, float]:
    read = {"ours": _ours, "first": _first, "ofxparse": _ofxparse}[reader]
    data = path.read_bytes()
    read(_generate_file("ofx1", 1).encode())  # imports are not what is measured
    started = time.process_time()
    found = read(data)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"entries": _count(found), "seconds": seconds, "peak_mb": peak}


def _ours(data: bytes) -> Any:
    """As the application reads: with ofxparse as second reader up to SECOND_READER_LIMIT entries."""
    import importers

    return importers.read(data)


def _first(data: bytes) -> Any:
    from importers.ofx import reader as ofx

    return ofx.read(data, second_reader_limit=0)


def _ofxparse(data: bytes) -> Any:
    import io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ofxparse import OfxParser

        return OfxParser.parse(io.BytesIO(data))


def _count(found: Any) -> int:
    if hasattr(found, "accounts"):
        return sum(len(account.statement.transactions) for account in found.accounts)
    return sum(len(statement.entries) for statement in found.statements)


def _compare(path: Path) -> None:
    data = path.read_bytes()
    ours: list[Row] = [
        (
            entry.booked_on.isoformat(),
            str(entry.amount.as_decimal()),
            entry.bank_ref or "",
            entry.details[0].counterparty.name or "",
            entry.details[0].remittance,
        )
        for statement in _ours(data).statements
        for entry in statement.entries
    ]
    theirs: list[Row] = [
        (row.date.date().isoformat(), str(Decimal(row.amount)), row.id, row.payee, row.memo)
        for account in _ofxparse(data).accounts
        for row in account.statement.transactions
    ]
    if ours != theirs:
        first = next(pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1])
        sys.exit(f"the readers differ: {first}")
    print(f"all {len(ours):,} entries have the same date, amount, id, name and memo in both")


if __name__ == "__main__":
    main(sys.argv[1:])
