"""Which known kind of file a table is: its preset, what follows, and which files must come before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from donorhub.domain.moving.answers import GENERIC_SYSTEM, NO_PRESET, Answers
from donorhub.domain.moving.column_names import fold_name
from donorhub.domain.moving.field_words import is_field_name
from donorhub.domain.moving.presets import Preset, find_preset, prepare_preset
from donorhub.domain.moving.writings import Question
from donorhub.errors import Rejected
from importers import presets


@cache
def list_presets() -> tuple[Preset, ...]:
    """Return every preset, ready to be compared."""
    return tuple(map(prepare_preset, presets.list_presets()))


def is_column_name(name: str) -> bool:
    """Return whether a text is the name of a column, in our words or those of a preset."""
    return is_field_name(name) or fold_name(name) in _list_names()


@cache
def _list_names() -> frozenset[str]:
    return frozenset(name for preset in list_presets() for name in preset.fields_by_name)


def settle_preset(header: Sequence[str], answers: Answers) -> tuple[Answers, Preset | None]:
    """Return the preset of a table, said or found by its columns, and the answers that follow from it.

    Raise Rejected for a preset that there is not.
    """
    if answers.preset == NO_PRESET:
        return answers, None
    if answers.preset:
        preset = next((one for one in list_presets() if one.name == answers.preset), None)
        if preset is None:
            raise Rejected(
                f"there is no preset {answers.preset}: {', '.join(one.name for one in list_presets())}",
                code="preset_unknown",
                field="/answers/preset",
            )
    else:
        preset = find_preset(header, list_presets())
    if preset is None:
        return answers, None
    system = preset.source.system if answers.system == GENERIC_SYSTEM else answers.system
    return replace(
        answers, preset=preset.name, system=system, kind=answers.kind or preset.source.kind
    ), preset


def list_names_after(name: str) -> list[str]:
    """Return the presets of the files that wait for one of this preset."""
    return [preset.name for preset in list_presets() if name in preset.source.belongs_with]


def ask_missing_files(
    preset: Preset | None, answers: Answers, present_presets: Collection[str]
) -> list[Question]:
    """Return the question for the files that must be brought before this one, by their titles."""
    if preset is None or answers.missing_files == "none":
        return []
    titles = {one.name: one.source.title for one in list_presets()}
    missing = [titles.get(name, name) for name in preset.source.belongs_with if name not in present_presets]
    return [Question("missing_files", choices=("none",), examples=tuple(missing))] if missing else []
