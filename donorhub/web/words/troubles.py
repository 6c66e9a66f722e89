"""Why something failed, as a person says it: what programs wrote of it stands behind "Details".

A text is a code, one of our own English sentences, or the kind and place of an error that nobody foresaw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext

from donorhub.web.words import codes

_UNFORESEEN: Final = lazy_gettext("the program made a mistake; whoever runs it finds the place in its log")
_OTHER: Final = lazy_gettext(
    "it failed for a reason that only whoever runs the program can judge: see the details"
)
_FILE_CHANGED: Final = lazy_gettext("the stored receipt is not the one that was made: nothing is sent")
# The first pattern that fits a text decides.
PATTERNS: Final[Mapping[str, object]] = {
    r"did not let us in": lazy_gettext("the mail server did not let us in: look at its address and password"),
    r"the mail server .* hung up": lazy_gettext("the mail server hung up before it took the message"),
    r"the line dropped": lazy_gettext("the line dropped while the message was handed over"),
    r"gave no answer that can be understood": lazy_gettext(
        "the mail server gave no answer that can be understood"
    ),
    r"cannot write to an address with such letters": lazy_gettext(
        "the mail server cannot write to an address with such letters"
    ),
    r"the address was refused with code 5": lazy_gettext(
        "the mail server says that there is no such address"
    ),
    r"the (address|message) was refused": lazy_gettext("the mail server did not take the message"),
    r"this address cannot be written to": lazy_gettext("no mail can be written to this address: look at it"),
    r"payload of receipt|PDF of receipt .* was changed": _FILE_CHANGED,
    r"is not of the donor whom": lazy_gettext("the receipt is another donor's: nothing is sent"),
    r"the PDF of the receipt is not made yet": lazy_gettext("the PDF of the receipt is not made yet"),
    r"PDF library lacks": lazy_gettext("the program lacks what it draws PDFs with: tell whoever runs it"),
    r"more than \d+|for each part of the year": lazy_gettext("the receipt has too many lines to be drawn"),
    r"needs what this release lacks": lazy_gettext(
        "the receipt was issued by a newer version of the program"
    ),
    r"the template asked for": lazy_gettext("the form of the receipt asks for something that it may not"),
    r"\(U\+|control character|direction mark|half a character|unassigned character"
    r"|marks on one letter|shorten it to": lazy_gettext("a text on the receipt cannot be printed"),
    r"did not answer|answered something else": lazy_gettext("the provider did not answer as it should"),
    r"no worker knows how": lazy_gettext("this version of the program cannot do this task"),
    r"^there is no ": lazy_gettext("what it is about is there no more"),
    r"^\w*(Error|Exception|Warning|Timeout|Interrupt)\b": _UNFORESEEN,
    r"^\w+ at \S": _UNFORESEEN,
}
SUBJECTS: Final[Mapping[str, object]] = {  # what a provider's message is about
    "payment": lazy_gettext("a payment"),
    "refund": lazy_gettext("a refund"),
    "dispute": lazy_gettext("a dispute"),
    "promise": lazy_gettext("a recurring gift"),
    "instalment": lazy_gettext("an instalment"),
    "payer": lazy_gettext("a payer"),
    "payout": lazy_gettext("a payout"),
    "access": lazy_gettext("our access to the account"),
    "": lazy_gettext("something else"),
}


def word_trouble(text: str | None) -> str:
    """Return what a person says of a failure; never what a program wrote of it."""
    if not text:
        return str(_OTHER)
    if codes.is_code(text):
        return codes.word_code(text)
    fitting = (sentence for pattern, sentence in PATTERNS.items() if re.search(pattern, text))
    return str(next(fitting, _OTHER))


def has_details(text: str | None) -> bool:
    """Return whether a program wrote more of a failure than its word says."""
    return bool(text) and not codes.is_code(str(text))
