"""How long a text, how large an amount, how far a day may be: what one door takes, each other saves."""

from __future__ import annotations

from datetime import date
from typing import Final

SHORT: Final = 200  # one line: a name, a street, a phone with whom to ask for
REASON: Final = 500
TEXT_OF_OURS: Final = 10_000  # of a message, before it is filled in
SUBJECT: Final = 300
CONSENT_TEXT: Final = 5000
DONOR_NOTE: Final = 5000
GIFT_NOTE: Final = 2000
TAG: Final = 60
CUSTOM_LABEL: Final = 80  # what a field that was added is called
CUSTOM_FILTER: Final = 250  # its key, and what is looked for
GOODS: Final = 300  # a receipt has no room for more
OUTCOME: Final = 4000  # what came of a task
ORGANISATION_NUMBER: Final = 40  # KRS, NIP, NUI
EXEMPTION: Final = 4000  # what a receipt says of our status
WORDS_AGAINST: Final = 4000  # what says that money is no gift, one a line
AMOUNT_LINES: Final = 500
CONTACT: Final = 500  # how donors reach us
POSTCODE: Final = 20
TAX_NUMBER: Final = 30
IBAN: Final = 40  # with blanks between its groups
DIGEST: Final = 64  # of what was shown, in hexadecimal digits
EMAIL: Final = 254  # RFC 5321, with its erratum 1690
MAX_MINOR: Final = 10**14
EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2199, 12, 31)
