"""Words about the organisation's own texts: what each is, what it may speak of, what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import gettext, lazy_gettext

from donorhub.domain.messages.sandbox import FaultCode, TextFault
from donorhub.web.words import codes

TEXT_KINDS: Final[Mapping[str, object]] = {
    "thank_you-email": lazy_gettext("Thank-you by e-mail"),
    "thank_you-post": lazy_gettext("Thank-you by letter"),
    "receipt-email": lazy_gettext("E-mail that brings a receipt"),
    "personal-email": lazy_gettext("E-mail that one of us writes"),
    "personal-post": lazy_gettext("Letter that one of us writes"),
}
TEXT_USES: Final[Mapping[str, object]] = {
    "thank_you-email": lazy_gettext("Goes out by itself for each new gift."),
    "thank_you-post": lazy_gettext("Printed from the donor’s page in place of the e-mail."),
    "receipt-email": lazy_gettext("Its PDF is attached."),
    "personal-email": lazy_gettext("Greeting and end around what somebody writes on the donor’s page."),
    "personal-post": lazy_gettext("Greeting and end around what somebody writes on the donor’s page."),
}
TEXT_VARIABLES: Final[Mapping[str, object]] = {
    "salutation": lazy_gettext("the greeting, as the donor wants it or by our rules"),
    "name": lazy_gettext("the whole name"),
    "given_name": lazy_gettext("the given name; empty where we do not know it"),
    "family_name": lazy_gettext("the family name; empty where we do not know it"),
    "amount": lazy_gettext("the gift, or the sum of several"),
    "received_on": lazy_gettext("the day or days on which it came"),
    "funds": lazy_gettext("what it is for; empty where nothing is said"),
    "gifts": lazy_gettext("the list of several gifts; empty for one"),
    "number": lazy_gettext("the number of the receipt"),
    "issued_on": lazy_gettext("the day of the receipt"),
    "subject": lazy_gettext("the subject that somebody writes"),
    "text": lazy_gettext("what somebody writes"),
    "author": lazy_gettext("the name of who writes"),
    "organisation": lazy_gettext("our name"),
    "contact": lazy_gettext("how to reach us; empty where the organisation has named nothing"),
    "how_to_stop": lazy_gettext("why the mail came, and how to stop further ones"),
}
WRITING_CHANNELS: Final[Mapping[str, object]] = {
    "email": lazy_gettext("E-mail"),
    "post": lazy_gettext("Letter"),
}
WRITING_KINDS: Final[Mapping[str, object]] = {
    "personal": lazy_gettext("my own words"),
    "thank_you": lazy_gettext("the thank-you, as a letter"),
}
WRITING_CATEGORIES: Final[Mapping[str, object]] = {
    "transactional": lazy_gettext("it answers them, or is about their own gifts"),
    "stewardship": lazy_gettext("news of what we do"),
    "appeal": lazy_gettext("it asks for something"),
}
_FAULTS: Final[Mapping[FaultCode, object]] = {
    "syntax": lazy_gettext(
        "Line %(line)s: a condition or loop is not whole, or has a word that is not allowed."
    ),
    "unknown_variable": lazy_gettext(
        "Line %(line)s: there is no “%(name)s” here. What there is stands beside it."
    ),
    "unknown_filter": lazy_gettext("Line %(line)s: “%(name)s” is not allowed: a text computes nothing."),
    "too_long": lazy_gettext("The text is longer than %(name)s letters."),
    "too_much": lazy_gettext("Line %(line)s: the text would become too long, or it never ends."),
    "no_subject": lazy_gettext("The subject is empty for some donors."),
    "no_text": lazy_gettext("The text is empty."),
    "empty_greeting": lazy_gettext(
        "Line %(line)s: the greeting names nobody where we know no given name. Take {{ salutation }}."
    ),
    "no_greeting": lazy_gettext("Line %(line)s: the text begins without a word of greeting."),
    "no_footer": lazy_gettext(
        "Line %(line)s: the end is missing. It must say {{ how_to_stop }} for every donor."
    ),
    "no_words_of_yours": lazy_gettext(
        "Line %(line)s: {{ %(name)s }} is missing: what somebody writes would be lost."
    ),
    "asks_for_an_amount": lazy_gettext(
        "Line %(line)s: “%(name)s” asks for money, and a thank-you asks for nothing."
    ),
    "asks_by_a_link": lazy_gettext(
        "Line %(line)s: “%(name)s” leads to giving, and a thank-you asks for nothing."
    ),
    "asks_by_an_account": lazy_gettext(
        "Line %(line)s: “%(name)s” is an account to give to, and a thank-you asks for nothing."
    ),
    "promises_stop": lazy_gettext(
        "Line %(line)s: “%(name)s” promises that answers are read, and nobody reads them."
    ),
}


def word_hold(reason: str) -> str:
    """Return why a message may not be sent, whether by e-mail or as a letter."""
    return gettext("there is no whole address") if reason == "no_address" else codes.word_code(reason)


def write_fault(fault: TextFault) -> str:
    """Return what is wrong with a text, for the reader."""
    return str(_FAULTS[fault.code]) % {"line": fault.line, "name": fault.name}
