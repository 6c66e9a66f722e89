"""What a text of the organisation's own must not be: broken, without greeting or end, or an ask as a
thank-you.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from donorhub.domain.messages.sandbox import FaultCode, FaultyText, Place, TextFault, fill_in, find_fault
from donorhub.domain.messages.text_kinds import TextKind, list_samples

_NAMES: Final = ("salutation", "name", "given_name", "family_name")
_LIQUID: Final = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_CURRENCY: Final = r"(?:zł\b|zl\b|PLN\b|EUR\b|€|USD\b|\$|lek(?:ë|e)?\b|ALL\b|CHF\b|GBP\b|£)"
_AMOUNT: Final = re.compile(rf"\b\d[\d .,]*\s?{_CURRENCY}|[€$£]\s?\d[\d.,]*", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"\b(?:[A-Z]{2}\d{2}(?:\s?[0-9A-Z]{4}){3,7}|\d{2}(?:\s?\d{4}){6})\b")
_LINK: Final = re.compile(r"(?:https?://|\bwww\.)\S+", re.IGNORECASE)
_GIVING: Final = re.compile(
    r"dar(?:owizn|uj|owa)|donat|don[au]r|dhuro|wp[lł]a[cć]|wspie?r|wesprzyj|pom[oó]|zrzut|give|giving|support"
    r"|pay|buy|checkout|przelew|zbiork|ndihm",
    re.IGNORECASE,
)
# Words that readers of mail lists are told to answer with. Nobody reads answers here, so nobody promises it.
_STOP: Final = re.compile(r"\b(?:STOP|WYPISZ|WYPISUJĘ|NDAL|ÇABONOHU|UNSUBSCRIBE)\b")


def find_text_fault(text_kind: TextKind, lang: str, subject: str, body: str) -> TextFault | None:
    """Return the first thing that is wrong with a text; None where it can be kept.

    It is parsed, its variables are looked up, and it is filled in for every sample donor.
    """
    sources: Mapping[Place, str] = {"subject": subject, "body": body}
    for place, source in sources.items():
        if not source.strip():
            return TextFault("no_subject" if place == "subject" else "no_text", place, 1)
        if fault := find_fault(source, text_kind.variables, place=place):
            return fault
        if fault := _find_words_against(text_kind, source, place):
            return fault
    try:
        return _try_out(text_kind, lang, subject, body)
    except FaultyText as e:
        return e.fault


def _try_out(text_kind: TextKind, lang: str, subject: str, body: str) -> TextFault | None:
    greets: set[bool] = set()
    for sample in list_samples(text_kind, lang):
        if not fill_in(subject, sample, place="subject").strip():
            return TextFault("no_subject", "subject", 1)
        written = fill_in(body, sample, place="body")
        first_line = next((line for line in written.splitlines() if line.strip()), "")
        if not re.search(r"\w", first_line):
            return TextFault("no_greeting", "body", _find_first_line(body))
        greets.add(_names_somebody(first_line, sample))
        for variable in text_kind.required:
            if str(sample[variable]) not in written:
                code: FaultCode = "no_footer" if variable == "how_to_stop" else "no_words_of_yours"
                return TextFault(code, "body", body.count("\n") + 1, variable)
    if len(greets) > 1:
        return TextFault("empty_greeting", "body", _find_first_line(body))
    return None


def _names_somebody(line: str, sample: Mapping[str, object]) -> bool:
    """Return whether a line holds a name or the greeting of the donor."""
    return any(sample[name] and str(sample[name]) in line for name in _NAMES)


def _find_words_against(text_kind: TextKind, source: str, place: Place) -> TextFault | None:
    plain = _LIQUID.sub(lambda match: "\n" * match[0].count("\n") or " ", source)
    if match := _STOP.search(plain):
        return _describe_words("promises_stop", place, match)
    if not text_kind.is_thanks:
        return None
    if match := _ACCOUNT.search(plain):
        return _describe_words("asks_by_an_account", place, match)
    if match := _AMOUNT.search(plain):
        return _describe_words("asks_for_an_amount", place, match)
    link = next((match for match in _LINK.finditer(plain) if _GIVING.search(match[0])), None)
    return _describe_words("asks_by_a_link", place, link) if link else None


def _describe_words(code: FaultCode, place: Place, match: re.Match[str]) -> TextFault:
    return TextFault(code, place, match.string.count("\n", 0, match.start()) + 1, match[0].strip())


def _find_first_line(body: str) -> int:
    """Return the line of the source in which the first words stand."""
    return next((number for number, line in enumerate(body.splitlines(), 1) if line.strip()), 1)
