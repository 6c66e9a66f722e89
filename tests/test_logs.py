"""What a line of the log says of a failure: its event, its kind and its places, and no word of it."""

from __future__ import annotations

import ast
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog

import donorhub
from donorhub import logs
from donorhub.errors import Rejected

PERSON = "zofia.kanarek@example.org"
ROOT = Path(donorhub.__file__).parents[1]
HERE = "tests/test_logs.py"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], quiet_logging: None) -> Lines:
    """What was logged as JSON since the last call."""
    logs.configure_logs("json")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def raise_error(kind: type[Exception] = ValueError) -> NoReturn:
    raise kind(PERSON)


def fail_for_a_reason() -> NoReturn:
    try:
        raise_error(KeyError)
    except KeyError as e:
        raise ValueError(PERSON) from e


def catch_error(step: Callable[[], object]) -> Exception:
    try:
        step()
    except Exception as e:
        return e
    raise AssertionError("nothing was raised")


def functions_of(frames: list[str]) -> list[str]:
    return [frame.rpartition(" ")[2] for frame in frames]


def test_a_failure_names_file_line_and_function(lines: Lines) -> None:
    logs.report(catch_error(raise_error), event="task_failed", task=7, kind="thank_you")
    (line,) = lines()
    assert (line["event"], line["error"], line["task"], line["level"]) == (
        "task_failed",
        "ValueError",
        7,
        "error",
    )
    where = raise_error.__code__.co_firstlineno + 1
    assert line["frames"][-1] == f"{HERE}:{where} raise_error"
    assert PERSON not in json.dumps(line)


def test_a_cause_has_its_own_frames(lines: Lines) -> None:
    logs.report(catch_error(fail_for_a_reason), event="x")
    (line,) = lines()
    assert [(cause["error"], functions_of(cause["frames"])[-1]) for cause in line["causes"]] == [
        ("KeyError", "raise_error")
    ]
    assert PERSON not in json.dumps(line)


def test_what_a_group_holds_is_named(lines: Lines) -> None:
    logs.report(ExceptionGroup(PERSON, [catch_error(raise_error), catch_error(fail_for_a_reason)]), event="x")
    (line,) = lines()
    assert [cause["error"] for cause in line["causes"]] == ["ValueError", "ValueError", "KeyError"]
    assert PERSON not in json.dumps(line)


def test_unraised_error_has_reports_place(lines: Lines) -> None:
    """An error that was never raised has the place of its report."""
    logs.report(ValueError(PERSON), event="x")
    (line,) = lines()
    assert functions_of(line["frames"]) == ["test_unraised_error_has_reports_place"]


def test_catchers_caller_is_named(lines: Lines) -> None:
    """Who called the function that caught an error is named."""

    def caught_deep_inside() -> None:
        logs.report(catch_error(raise_error), event="x")

    caught_deep_inside()
    (line,) = lines()
    assert functions_of(line["frames"])[-4:] == [
        "test_catchers_caller_is_named",
        "test_catchers_caller_is_named.<locals>.caught_deep_inside",
        "catch_error",
        "raise_error",
    ]


def test_an_endless_recursion_is_cut(lines: Lines) -> None:
    def recurse() -> None:
        recurse()

    logs.report(catch_error(recurse), event="x")
    (line,) = lines()
    assert len(line["frames"]) == logs.OUTERMOST + logs.INNERMOST + 1


def test_a_refusal_of_ours_is_a_warning(lines: Lines) -> None:
    logs.report(Rejected(PERSON), event="x")
    (line,) = lines()
    assert (line["level"], line["error"]) == ("warning", "Rejected") and PERSON not in json.dumps(line)


def test_the_folder_of_the_installation_is_not_named(lines: Lines) -> None:
    error = catch_error(lambda: json.loads("{"))
    logs.report(error, event="x")
    (line,) = lines()
    assert not any(frame.startswith("/") or str(ROOT) in frame for frame in line["frames"])
    assert line["frames"][-1].startswith("json/decoder.py:")


def test_a_line_names_the_request_it_belongs_to(lines: Lines) -> None:
    logs.use_request_ids(lambda: "r-1")
    logs.report(catch_error(raise_error), event="x")
    structlog.get_logger().info("y")
    assert [line["request_id"] for line in lines()] == ["r-1", "r-1"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_error_line_quotes_nothing(
    capsys: pytest.CaptureFixture[str], quiet_logging: None, log_format: Any
) -> None:
    """A line that is written with the error itself quotes nothing of it."""
    logs.configure_logs(log_format)
    try:
        raise_error()
    except ValueError:
        structlog.get_logger().exception("x")
    log = capsys.readouterr().err
    assert "ValueError" in log and f"{HERE}:" in log and PERSON not in log


def test_a_library_that_logs_an_error_quotes_nothing(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    library = logging.getLogger("a.library.of.this.test")
    library.addHandler(logging.StreamHandler(sys.stdout))  # after ours: such a handler prints a place, too
    try:
        raise_error()
    except ValueError:
        library.exception("of %s", PERSON)
    library.handlers = []
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["logger"], line["error"]) == ("library_log", library.name, "ValueError")
    assert functions_of(line["frames"])[-1] == "raise_error" and PERSON not in json.dumps(line)


def test_library_line_has_its_place(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of a library without an error has its place and none of its values."""
    library = logging.getLogger("another.library.of.this.test")
    library.addHandler(logging.StreamHandler(sys.stdout))
    library.warning("hello %s", PERSON)
    library.info("hello %s", PERSON)
    library.handlers = []
    said = capsys.readouterr()
    (line,) = [json.loads(line) for line in said.err.splitlines()]
    assert line["frames"][0].startswith(HERE) and PERSON not in said.err + said.out
    assert said.out.startswith(HERE)


def test_libraries_lose_the_handlers_they_brought(quiet_logging: None) -> None:
    library = logging.getLogger("a.third.library.of.this.test")
    library.addHandler(logging.StreamHandler())
    library.propagate = False
    logs.configure_logs("json")
    assert library.handlers == [] and library.propagate


def test_what_nobody_catches_is_reported(lines: Lines) -> None:
    thread = threading.Thread(target=raise_error)
    thread.start()
    thread.join()
    error = catch_error(raise_error)
    sys.excepthook(type(error), error, error.__traceback__)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure_logs("json")  # catch_warnings had put back Python's own way to show them
        warnings.warn(PERSON, stacklevel=1)
    written = lines()
    assert [line["event"] for line in written] == ["thread_failed", "uncaught", "library_warning"]
    assert PERSON not in json.dumps(written)
    assert written[2]["category"] == "UserWarning" and written[2]["frames"][0].startswith(HERE)


def test_whoever_catches_all_errors_reports_them() -> None:
    """``except Exception`` stands only where a report or a ``raise`` follows."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ("donorhub", "webhooks", "receipts")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and not _tells(node)
    ]
    assert silent == []


def test_our_code_logs_no_error_text() -> None:
    """No code of ours logs what an error says. Only logs.py knows tracebacks; everybody else hands the error
    to it."""
    careless = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "donorhub").rglob("*.py")
        if path.name != "logs.py"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if any(word in line for word in ("exc_info=", "import traceback", "log.exception(", "error=str("))
    ]
    assert careless == []


_TELLERS = ("report", "handle_exception")  # the latter is Flask's, which hands the error to the former


def _catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )


def _tells(handler: ast.ExceptHandler) -> bool:
    inside = [node for one in handler.body for node in ast.walk(one)]
    return any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Attribute) and node.attr in _TELLERS)
        for node in inside
    )
