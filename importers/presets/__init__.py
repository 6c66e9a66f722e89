"""Files of other systems that hold people and gifts, one TOML file for each kind; there is no code for any.

A file that is dropped in beside these is offered at once, on the pages, over the API and by the command.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec

from importers.record_preset import RecordPreset


@cache
def list_presets() -> tuple[RecordPreset, ...]:
    """Return every preset, in the order of their files."""
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    return tuple(parse_preset(file.read_text("utf-8")) for file in files if file.name.endswith(".toml"))


def parse_preset(text: str) -> RecordPreset:
    """Return the preset in a TOML file; raise ValueError for an unknown key or a wrong value."""
    raw = tomllib.loads(text)
    unknown_names = set(raw) - set(RecordPreset.__dataclass_fields__)
    if unknown_names:
        raise ValueError(f"a preset has no {min(unknown_names)}")
    return msgspec.convert(raw, RecordPreset)
