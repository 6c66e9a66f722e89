"""``donorhub import``: bank files by their paths, people and gifts from other systems, or all of another
installation."""

from __future__ import annotations

from typing import Final

import click

from donorhub.cli import imports, record_imports, whole_imports

_FILES: Final = "files"


class ImportGroup(click.Group):
    """Takes paths as bank files, where no kind of import is named first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments, those without a kind as those of bank files."""
        return super().parse_args(ctx, self.name_kind(args))

    def name_kind(self, args: list[str]) -> list[str]:
        """Return the arguments with the kind of import before them."""
        if args[:1] == ["--all"]:  # as `donorhub export` calls it
            return ["all", *args[1:]]
        return args if args and args[0] in self.commands else [_FILES, *args]


import_group: Final = ImportGroup(
    "import",
    commands={
        _FILES: imports.import_files,
        "all": whole_imports.import_all,
        "people": record_imports.import_people,
        "gifts": record_imports.import_gifts,
    },
    help="Import bank files; bring donors (people) and past gifts (gifts) from other systems' files; or bring"
    " all of another DonorHub (--all).",
)
