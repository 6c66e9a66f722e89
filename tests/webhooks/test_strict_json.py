"""JSON that carries money: read exactly, or refused with a reason."""

from __future__ import annotations

import pytest

from webhooks import strict_json
from webhooks.fact import BadBody


def test_plain_json_is_read_as_it_stands() -> None:
    raw = '{"a": [1, -2.5, "ł \\ud83d\\ude00 \\\\u0000", null, true], "b": {}}'.encode()
    assert strict_json.read_json(raw) == {"a": [1, -2.5, "ł 😀 \\u0000", None, True], "b": {}}


@pytest.mark.parametrize("depth", [1, 63, 64])
def test_sixty_four_levels_are_read(depth: int) -> None:
    assert strict_json.read_json(b"[" * depth + b"]" * depth) is not None


@pytest.mark.parametrize("raw", [b"[" * 65 + b"]" * 65, b'{"a":' * 100_000, b"[" * 500_000])
def test_more_levels_are_refused_before_anything_is_built(raw: bytes) -> None:
    with pytest.raises(BadBody, match=r"64 levels|not JSON"):
        strict_json.read_json(raw)


def test_brackets_inside_text_are_no_levels() -> None:
    assert strict_json.read_json(b'["' + b"[{" * 500 + b'\\"[[", 1]')[1] == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff",
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": 01}',
        b'{"a": "\\u0000"}',
        b'{"a": ["\\ud800"]}',
        b'{"\\udc00": 1}',
        b'{"a": "\t"}',
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_ambiguous_or_huge_json_is_refused(raw: bytes) -> None:
    """JSON that is ambiguous, huge or cannot be stored is refused."""
    with pytest.raises(BadBody):
        strict_json.read_json(raw)
