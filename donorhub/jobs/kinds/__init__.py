"""The kinds of jobs there are: what performs each kind of a worker's task. A new kind is a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from donorhub.jobs.kinds import (
    downloads,
    erasing,
    imports,
    inbox,
    letters,
    receipts,
    records,
    sending,
    thanks,
)
from donorhub.jobs.queue.perform import Performer

PERFORMERS: Final[Mapping[str, Performer]] = {
    "thank_you": thanks.plan_thank_you,
    "new_donor": thanks.plan_note_of_new_donor,
    "send_message": sending.send_message,
    "render_receipt": receipts.render_receipt,
    "import_file": imports.import_file,
    "import_records": records.import_records,
    "match_statement": imports.match_statement,
    "fetch_payout_items": inbox.fetch_payout_items,
    "prepare_download": downloads.prepare_download,
    "erase_bytes": erasing.erase_bytes,
    "write_letters": letters.write_letters,
}

# Kinds that do nothing but read and write the database, in milliseconds, and neither commit nor roll back.
TOGETHER: Final = frozenset({"thank_you", "new_donor"})
