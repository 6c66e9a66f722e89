"""Logging: one line an event, JSON for machines or plain for people. No personal data goes in.

What is logged is an event's name and typed fields of ours: ids, kinds, counts. Every failure goes
through :func:`report`, which says where it happened and never what the error says, since that may
quote a donor. What libraries log, and what nobody caught, is reported in the same way.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import sysconfig
import threading
import traceback
import warnings
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Final, Literal, TextIO, cast

import structlog

from donorhub.errors import DonorHubError

Event = MutableMapping[str, object]
OWN: Final = ("donorhub", "importers", "receipts", "webhooks")
OUTERMOST, INNERMOST = 10, 40  # frames of one error that are logged; a recursion has a thousand
_ROOT: Final = Path(__file__).resolve().parents[1]
_LIBRARIES: Final = tuple(f"{sysconfig.get_path(name)}/" for name in ("purelib", "platlib", "stdlib"))
_log = structlog.get_logger()
_find_request_id: Callable[[], str | None] = lambda: None  # noqa: E731  replaced by the application


def configure_logs(log_format: Literal["json", "console"]) -> None:
    """Set up logging of this process: ours, that of libraries, and what nobody catches."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _replace_error,
            _add_request_id,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=False,
    )
    logging.setLogRecordFactory(_make_record)
    logging.root.handlers = [_LibraryHandler(logging.WARNING)]
    route_libraries()
    sys.excepthook = _report_uncaught
    sys.unraisablehook = _report_unraisable
    threading.excepthook = _report_thread
    warnings.showwarning = _report_warning


def route_libraries() -> None:
    """Take away the handlers that libraries gave their loggers: what they log goes through ours."""
    for logger in [*logging.root.manager.loggerDict.values()]:
        if isinstance(logger, logging.Logger):
            logger.handlers = []
            logger.propagate = True


def use_request_ids(find_request_id: Callable[[], str | None]) -> None:
    """Let every line name the request that it belongs to; the function returns None outside of one."""
    global _find_request_id  # noqa: PLW0603  one application a process
    _find_request_id = find_request_id


def report(error: BaseException, *, event: str, **facts: int | str) -> None:
    """Log a failure: the event, our facts on it, the kind of the error and its frames, and so its causes.

    Never log the error's text, its arguments, SQL parameters or local variables. ``facts`` are ids,
    kinds and counts. A refusal of our own is a warning, all else an error.
    """
    level = logging.WARNING if isinstance(error, DonorHubError) else logging.ERROR
    _log.log(level, event, **facts, **_describe_error(error, sys._getframe(1)))


def find_place(error: BaseException) -> str:
    """Return where an error was raised: the innermost of our own frames, else the innermost."""
    codes = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [place for place in codes if _is_own(place[0])]
    return _write_frame(*(own or codes)[-1]) if codes else "?"


class _Stderr:
    """stderr, whose failing breaks nothing: on a full disk a webhook must be answered, log or no log."""

    def write(self, text: str) -> int:
        """Write the text if that is possible; return its length."""
        with contextlib.suppress(OSError, ValueError):  # full, or closed
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush stderr if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


class _LibraryHandler(logging.Handler):
    """Logs that a library logged something, and where; its text was dropped by the record."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the level, the library and the place of a line, never its text."""
        _log.log(record.levelno, "library_log", logger=record.name, **_describe_record(record))


def _make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Make the record of a library's line without its text, whichever handler may print it."""
    record = logging.LogRecord(*args, **kwargs)
    error = record.exc_info[1] if record.exc_info else None
    place = f"{_shorten_path(record.pathname)}:{record.lineno} {record.funcName}"
    record.description = _describe_error(error, None) if error else {"frames": [place]}
    record.msg, record.args, record.exc_info, record.stack_info = place, (), None, None
    return record


def _describe_record(record: logging.LogRecord) -> dict[str, object]:
    description: dict[str, object] = getattr(record, "description", {"frames": [record.name]})
    return description


def _describe_error(error: BaseException, caller: FrameType | None) -> dict[str, object]:
    description: dict[str, object] = {"error": type(error).__name__, "frames": _list_frames(error, caller)}
    causes = [
        {"error": type(cause).__name__, "frames": _list_frames(cause, None)} for cause in _list_causes(error)
    ]
    return {**description, "causes": causes} if causes else description


def _list_causes(error: BaseException) -> list[BaseException]:
    """Return the errors behind an error, nearest first, each once."""
    causes: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        behind = [one.__cause__ if one.__suppress_context__ else one.__cause__ or one.__context__]
        members = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        for cause in (*behind, *members):
            if cause is not None and cause is not error and cause not in causes:
                causes.append(cause)
                waiting.append(cause)
    return causes


def _list_frames(error: BaseException, caller: FrameType | None) -> list[str]:
    """Return ``file:line function`` from the outermost to where it was raised: our frames around the one that
    caught it, and all inside. One that was never raised has the place of its report."""
    trace = error.__traceback__
    inside = [_write_frame(frame.f_code, line) for frame, line in traceback.walk_tb(trace)]
    frames = [*_list_outside(trace, caller), *inside]
    if len(frames) > OUTERMOST + INNERMOST:
        left_out = len(frames) - OUTERMOST - INNERMOST
        frames = [*frames[:OUTERMOST], f"… {left_out} more", *frames[-INNERMOST:]]
    return frames


def _list_outside(trace: TracebackType | None, caller: FrameType | None) -> list[str]:
    """Return our frames that were open when the error was caught, outermost first."""
    stack = [frame for frame, _line in traceback.walk_stack(caller)] if caller else []
    if trace is None:
        return [_write_frame(frame.f_code, frame.f_lineno) for frame in reversed(stack[:1])]
    if trace.tb_frame in stack:  # what lies between the catcher and the report is not where it failed
        stack = stack[stack.index(trace.tb_frame) + 1 :]
    return [_write_frame(frame.f_code, frame.f_lineno) for frame in reversed(stack) if _is_own(frame.f_code)]


def _is_own(code: CodeType) -> bool:
    """Return whether it is of this program or of what somebody added to it, and not of a library."""
    is_library = code.co_filename.startswith((*_LIBRARIES, "<"))
    return not is_library or _shorten_path(code.co_filename).partition("/")[0] in OWN


def _write_frame(code: CodeType, line: int) -> str:
    return f"{_shorten_path(code.co_filename)}:{line} {code.co_qualname}"


def _shorten_path(filename: str) -> str:
    """Return a path from where its package lies: where this program was put may name a person."""
    for place in (*_LIBRARIES, f"{_ROOT}/"):
        if filename.startswith(place):
            return filename.removeprefix(place)
    return "/".join(Path(filename).parts[-2:])


def _replace_error(_logger: object, _method: str, event: Event) -> Event:
    """Replace an ``exc_info`` that slipped in by its kind and frames."""
    error = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if error is True:
        error = sys.exception()
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event.update(_describe_error(error, None))
    return event


def _add_request_id(_logger: object, _method: str, event: Event) -> Event:
    request_id = _find_request_id()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _report_uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    report(error, event="uncaught")


def _report_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    if unraisable.exc_value is not None:
        report(unraisable.exc_value, event="unraisable")


def _report_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        report(arguments.exc_value, event="thread_failed")


def _report_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _log.warning(
        "library_warning", category=category.__name__, frames=[f"{_shorten_path(filename)}:{lineno}"]
    )
