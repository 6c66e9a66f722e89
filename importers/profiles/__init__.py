"""The layouts of banks' tables that we know, one TOML file each.

A file here says where things stand and how they are written; reading is done elsewhere.
The header names are facts about the banks' exports, gathered from public descriptions.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from importers.table.layout import Layout


@cache
def list_profiles() -> tuple[Layout, ...]:
    """Return every known layout, in the order of their names."""
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    return tuple(
        Layout.from_dict(tomllib.loads(file.read_text("utf-8")))
        for file in files
        if file.name.endswith(".toml")
    )


def find_profile(name: str) -> Layout | None:
    """Return the known layout of that name."""
    return next((layout for layout in list_profiles() if layout.name == name), None)
