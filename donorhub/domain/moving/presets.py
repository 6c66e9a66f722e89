"""Which files of other systems are known, as folded names and words that tables are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from donorhub.domain.moving.column_names import fold_name
from donorhub.domain.moving.field_words import Field, find_exact_field
from donorhub.domain.payer_text import fold_letters
from importers.record_preset import RecordPreset

_FIELDS = frozenset(get_args(Field))
Words = Mapping[Field, Mapping[str, str]]  # of a field, what stands for each folded word in its cells


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of file that is known, ready to be compared."""

    source: RecordPreset
    marks: tuple[frozenset[str], ...]
    fields_by_name: Mapping[str, Field]
    words: Words
    constants: Mapping[Field, str]
    strips: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the answers call it."""
        return self.source.name

    def find_field(self, name: str) -> Field | None:
        """Return the field that a column holds; None where neither the preset nor a plain word tells."""
        folded_name = fold_name(name)
        for beginning in ("", *self.strips):
            field = self.fields_by_name.get(folded_name.removeprefix(beginning))
            if field and folded_name.startswith(beginning):
                return field
        return find_exact_field(name)


def prepare_preset(source: RecordPreset) -> Preset:
    """Return a preset ready for comparing; raise ValueError for a field that there is not."""
    used_fields = {*source.columns, *source.values, *source.constants}
    if used_fields - _FIELDS:
        raise ValueError(f"the preset {source.name} names the field {min(used_fields - _FIELDS)}")
    return Preset(
        source,
        tuple(frozenset(map(fold_name, names.split("|"))) for names in source.marks),
        {
            fold_name(name): _get_field(key)
            for key, names in source.columns.items()
            for name in names.split("|")
        },
        {
            _get_field(key): {
                fold_letters(word): value for value, words in values.items() for word in words.split("|")
            }
            for key, values in source.values.items()
        },
        {_get_field(key): value for key, value in source.constants.items()},
        tuple(f"{fold_name(beginning)} " for beginning in source.strips),
    )


def _get_field(key: str) -> Field:
    return next(field for field in get_args(Field) if field == key)


def find_preset(header: Sequence[str], presets: Iterable[Preset]) -> Preset | None:
    """Return the preset all of whose marks a table's columns show; of several that with most marks."""
    names = set(map(fold_name, header))
    fitting = [preset for preset in presets if all(names & mark for mark in preset.marks)]
    return max(fitting, key=lambda preset: len(preset.marks), default=None)
