"""``donorhub import``: bank files by their paths, or people and gifts from the files of another system."""

from __future__ import annotations

from typing import Final

import click

from donorhub.cli import imports, record_imports

_FILES: Final = "files"


class ImportGroup(click.Group):
    """Takes paths as bank files, where no kind of import is named first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments, those without a kind as those of bank files."""
        return super().parse_args(ctx, self.name_kind(args))

    def name_kind(self, args: list[str]) -> list[str]:
        """Return the arguments with the kind of import before them."""
        return args if args and args[0] in self.commands else [_FILES, *args]


import_group: Final = ImportGroup(
    "import",
    commands={
        _FILES: imports.import_files,
        "people": record_imports.import_people,
        "gifts": record_imports.import_gifts,
    },
    help="Import bank files, or bring donors (people) and past gifts (gifts) from other systems' files.",
)
