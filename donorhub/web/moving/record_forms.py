"""What a form says of a file of donors and gifts, as answers; only what a person changed counts as said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from donorhub.domain.moving.answers import Answers, make_row_key
from donorhub.domain.moving.custom_names import split_custom
from donorhub.domain.moving.field_words import MONTH_COLUMNS
from donorhub.models import RecordRow
from donorhub.services.moving import record_files

_TEXTS: Final = (
    "date_order",
    "month_day",
    "unnamed",
    "periods",
    "crosses",
    "decimal",
    "pairs",
    "same_name",
    "hidden",
    "kind",
    "missing_files",
    "preset",
    "same_money",
    "gift_values",
)
_CODES: Final = ("currency", "phone_country")
_PURPOSES: Final = {"fund": "funds", "campaign": "campaigns"}


def read_answers(
    form: MultiDict[str, str],
    earlier: Answers,
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[RecordRow],
) -> Answers:
    """Return the earlier answers with what a form says; raise Rejected for what no answer can be."""
    plain = earlier.to_dict()
    for name in _TEXTS:
        if form.get(name):
            plain[name] = form[name]
    for name in _CODES:
        if name in form:
            plain[name] = form[name].strip().upper()
    if system := form.get("system", "").strip().lower():
        plain["system"] = system
    if plain.get("preset") != earlier.preset and plain.get("system") == earlier.system:
        plain.pop("system", None)  # another kind of file comes from another system
        plain.pop("columns", None)
        plain.pop("custom", None)
    plain["columns"], plain["custom"] = _read_columns(form, plain, columns)
    for word, name in _PURPOSES.items():
        plain[name] = {**plain.get(name, {}), **_read_purposes(form, word)}
    plain["years"] = {**plain.get("years", {}), **_read_years(form)}
    plain["rows"] = _read_rows(form, plain.get("rows", {}), rows)
    return record_files.parse_answers({key: value for key, value in plain.items() if value != ""})


def _read_columns(
    form: MultiDict[str, str], plain: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields of columns, and the keys of those that are fields of the organisation's own."""
    fields, keys = dict(plain.get("columns", {})), dict(plain.get("custom", {}))
    for column in columns:
        place = str(column["position"])
        text = form.get(f"column-{place}", "")
        field, key = split_custom(text) or (text, "")
        if field and (field, key) != (column["field"], column.get("custom_key", "")):
            fields[place] = field
            keys.pop(place, None)
            if key:
                keys[place] = key
    return fields, keys


def _read_years(form: MultiDict[str, str]) -> dict[str, int | str]:
    """Return the years of sheets that tell none; what is no number is for the answers to refuse."""
    pairs = zip(form.getlist("year-sheet"), form.getlist("year"), strict=False)
    return {sheet: int(year) if year.isdigit() else year for sheet, year in pairs if year}


def _read_purposes(form: MultiDict[str, str], word: str) -> dict[str, str]:
    values = form.getlist(f"{word}-value")
    choices = form.getlist(f"{word}-choice")
    return {value: choice for value, choice in zip(values, choices, strict=False) if choice}


def _read_rows(
    form: MultiDict[str, str], earlier: Mapping[str, Any], rows: Sequence[RecordRow]
) -> dict[str, Any]:
    result: dict[str, Any] = {key: dict(answer) for key, answer in earlier.items()}
    ticked_rows = {name: set(form.getlist(name)) for name in ("leave", "another", "restore")}
    for row in rows:
        key, id_ = make_row_key(row.sheet, row.row_no), str(row.id)
        if id_ in ticked_rows["restore"]:
            result.pop(key, None)
            continue
        answer = result.get(key, {})
        cells = dict(answer.get("cells", {}))
        for at, raw in enumerate(row.raw):
            text = form.get(f"cell-{id_}-{at}")
            if text is None or text.strip() == raw:
                continue
            if "origin" in row.plan and at < len(row.raw) - len(MONTH_COLUMNS):
                _mend_origin(result, make_row_key(row.plan["origin"], row.row_no), at, text.strip())
            else:
                cells[str(at)] = text.strip()
        changes: dict[str, Any] = {"cells": cells} if cells else {}
        if id_ in ticked_rows["leave"]:
            changes["is_left_out"] = True
        if id_ in ticked_rows["another"] or answer.get("is_another_gift"):
            changes["is_another_gift"] = True
        if changes:
            result[key] = changes
    return result


def _mend_origin(result: dict[str, Any], key: str, at: int, text: str) -> None:
    """Mend a cell of the whole row of which one amount is looked at: the name is that of all its months."""
    answer = result.setdefault(key, {})
    answer["cells"] = {**answer.get("cells", {}), str(at): text}
