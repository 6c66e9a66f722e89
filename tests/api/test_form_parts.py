"""A form of too many parts is a refusal at every door of the API, never a fault of ours."""

from __future__ import annotations

import io

import pytest

from tests.api.conftest import Caller


@pytest.mark.parametrize("path", ["/imports", "/column-mappings/preview"])
def test_form_of_many_parts_is_refused(api: Caller, path: str) -> None:
    """More than a thousand parts of a form are refused as too large."""
    parts = {f"part{n}": "x" for n in range(1500)} | {"file": (io.BytesIO(b"a;b"), "a.csv")}
    answer = api.post(path, data=parts, content_type="multipart/form-data")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
