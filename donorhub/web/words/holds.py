"""Why nothing leaves an installation, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext

REASONS: Final[Mapping[str, object]] = {
    "restored": lazy_gettext("It was restored from a backup."),
    "imported": lazy_gettext("It was brought in from the export of another installation."),
    "path": lazy_gettext("The database lies in another folder than before."),
    "file": lazy_gettext("The database is another file than before: a copy, or one that was restored."),
    "machine": lazy_gettext("It runs on another machine than before."),
    "server": lazy_gettext("DATABASE_URL names another server than before."),
    "cluster": lazy_gettext("The database server holds other data than before."),
    "database": lazy_gettext("The database on the server is another than before."),
    "address": lazy_gettext("It is reached at another address than before (DONORHUB_PUBLIC_URL)."),
}
