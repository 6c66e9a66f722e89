"""Reading JSON that carries money: what is ambiguous, huge or not storable is refused.

It knows nothing of any provider; callers check the signature over the same bytes first.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from webhooks.fact import BadBody

MAX_DEPTH: Final = 64
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_A_BRACKET: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
# Escapes that make text PostgreSQL or UTF-8 cannot hold: NUL, and half of a surrogate pair.
_UNSTORABLE_ESCAPE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def read_json(raw: bytes) -> Any:
    """Return the value of one UTF-8 JSON text.

    Raise BadBody for what is no JSON and for NaN and Infinity (also as 1e400), a key twice in one
    object, more than ``MAX_DEPTH`` levels, a byte order mark, NUL and lone surrogates.
    """
    _refuse_deep(raw)
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
    except UnicodeDecodeError as e:
        raise BadBody("the body is not UTF-8") from e
    except ValueError as e:  # no JSON, or a number of more digits than Python reads
        raise BadBody(f"the body is not JSON: {str(e)[:120]}") from e
    if _UNSTORABLE_ESCAPE.search(text):
        _refuse_unstorable(value)
    return value


def _refuse_deep(raw: bytes) -> None:
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _STRING.sub(b"", raw).translate(None, _NOT_A_BRACKET):
        depth += _STEP[bracket]
        if depth > MAX_DEPTH:
            raise BadBody(f"the body is nested more than {MAX_DEPTH} levels deep")


def _make_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values_by_key = dict(pairs)
    if len(values_by_key) != len(pairs):
        raise BadBody("the body has a key twice in one object")
    return values_by_key


def _refuse_constant(name: str) -> NoReturn:
    raise BadBody(f"{name} is not a JSON number")


def _read_finite_number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadBody(f"{digits[:20]} is too large a number")
    return number


# Made once: json.loads would build a new decoder for each message.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_make_object, parse_constant=_refuse_constant, parse_float=_read_finite_number
)


def _refuse_unstorable(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unstorable(key)
            _refuse_unstorable(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner)
    elif isinstance(value, str) and _UNSTORABLE.search(value):
        raise BadBody("the body holds a character that cannot be stored (NUL or half of a pair)")
