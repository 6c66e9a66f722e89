"""The lists of entries as they were last shown: kept as long as nothing in the database has changed since.

What an entry may be is worked out of all that is known of donors, promises and payouts, so any write of
anybody ends what is kept. Nothing is decided by what is kept: a choice is worked out anew when it is taken.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from flask import request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from donorhub.services.data_version import read_data_version
from donorhub.web.admission import get_principal
from donorhub.web.reader import get_lang, get_today

MOST_KEPT: Final = 32  # lists of fifty entries, up to 200 kB each
TOKEN_MARK: Final = secrets.token_hex(16)  # stands in a kept list for the form token of whoever asks


class EntryList(NamedTuple):
    """A list as HTML, and whether there is anything in it."""

    has_items: bool
    html: Markup


Key = tuple[str, str, str, frozenset[str], date]
_lists: OrderedDict[Key, EntryList] = OrderedDict()


def show_list(render: Callable[[], EntryList]) -> EntryList:
    """Return the list that this request asks for: as it is kept, else as it is rendered now.

    ``render`` writes ``TOKEN_MARK`` where a form token belongs.
    """
    address = request.script_root + request.full_path
    key = (read_data_version(), address, get_lang(), get_principal().permissions, get_today())
    entry_list = _lists.get(key)
    if entry_list is None:
        entry_list = _lists[key] = render()
        if len(_lists) > MOST_KEPT:
            _lists.popitem(last=False)
    token = generate_csrf()
    return entry_list._replace(html=entry_list.html.replace(TOKEN_MARK, token))
