"""Texts of the organisation's own: a sandbox that ends, and what none of them may say."""

from __future__ import annotations

import time

import pytest

from donorhub.domain.messages import wording
from donorhub.domain.messages.sandbox import FaultyText, fill_in, find_fault
from donorhub.domain.messages.text_checks import find_text_fault
from donorhub.domain.messages.text_kinds import TEXT_KINDS, TextKind, find_text_kind

LANGS = ("pl", "sq", "en")
WHOLE = "{{ salutation }}\n\nthank you.\n\n{{ how_to_stop }}\n"


def thank_you() -> TextKind:
    text_kind = find_text_kind("thank_you-email")
    assert text_kind is not None
    return text_kind


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("text_kind", TEXT_KINDS, ids=lambda one: one.name)
def test_shipped_texts_pass_their_checks(text_kind: TextKind, lang: str) -> None:
    """What we ship goes to every donor, and stays so when somebody saves it unchanged."""
    text = wording.get_shipped_text(text_kind.kind, lang, text_kind.channel)
    assert find_text_fault(text_kind, lang, text.subject, text.body) is None


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (WHOLE.replace("thank you", "{{ amuont }}"), "unknown_variable", 3),
        (WHOLE.replace("thank you", "{% if nothing_such %}x{% endif %}"), "unknown_variable", 3),
        (WHOLE.replace("thank you", "{% if contact %}{{ contact.name }}{% endif %}"), "unknown_variable", 3),
        (WHOLE.replace("thank you", "{% if amount == '0' %}{{ amuont }}{% endif %}"), "unknown_variable", 3),
        (WHOLE.replace("thank you", "{{ amount | times: 2 }}"), "unknown_filter", 3),
        (WHOLE.replace("thank you", "{% if funds %}"), "syntax", 6),
        (WHOLE.replace("thank you", "{% include 'receipt' %}"), "syntax", 3),
        ("Drogi {{ given_name }},\n{{ how_to_stop }}\n", "empty_greeting", 1),
        ("\n\n{{ given_name }}, hello\n{{ how_to_stop }}\n", "empty_greeting", 3),
        (",\n" + WHOLE, "no_greeting", 1),
        ("{{ salutation }}\n\nthank you.\n", "no_footer", 4),
        ("{{ salutation }}\n{% if contact %}{{ how_to_stop }}{% endif %}", "no_footer", 2),
        (WHOLE + "Prosimy o 50 zł.", "asks_for_an_amount", 6),
        (WHOLE + "Give €20 more.", "asks_for_an_amount", 6),
        (WHOLE + "https://example.org/wesprzyj-nas", "asks_by_a_link", 6),
        (WHOLE + "https://buy.example.com/abc", "asks_by_a_link", 6),
        (WHOLE + "PL61 1090 1014 0000 0712 1981 2874", "asks_by_an_account", 6),
        (WHOLE + "Aby zrezygnować, odpisz STOP.", "promises_stop", 6),
        ("", "no_text", 1),
    ],
)
def test_refused_text_names_its_line(body: str, code: str, line: int) -> None:
    """A text that fails for some donor, or asks in a thank-you, is refused with its line."""
    fault = find_text_fault(thank_you(), "pl", "Thanks", body)
    assert fault is not None
    assert (fault.code, fault.line) == (code, line)


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        WHOLE + "https://example.org/story-of-a-dog",
        "Drodzy,\n{{ how_to_stop }}",
        "{% if given_name %}Droga {{ given_name }},{% else %}{{ salutation }}{% endif %}\n{{ how_to_stop }}",
        WHOLE + "{% for gift in gifts %}{{ forloop.index }}. {{ gift.line }}{% endfor %}",
    ],
)
def test_text_for_everybody_is_taken(body: str) -> None:
    """Conditions, loops, a link to read and a greeting without a name are allowed."""
    assert find_text_fault(thank_you(), "pl", "Thanks", body) is None


def test_only_thanks_may_not_ask() -> None:
    """What one of us writes to a donor may name an amount; the gate looks at it, not this."""
    personal = find_text_kind("personal-post")
    assert personal is not None
    assert find_text_fault(personal, "pl", "x", "{{ salutation }}\n{{ text }}\n50 zł") is None


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in (1..1000) %}{% for b in (1..1000) %}x{% endfor %}{% endfor %}",
        "{% for a in (1..100000000) %}{% endfor %}",
        "{% for a in (1..1900) %}{{ text }}{% endfor %}",
        "{% if a %}" * 50 + "x" + "{% endif %}" * 50,
    ],
)
def test_endless_text_is_cut_off(source: str) -> None:
    """A loop in a loop, or a text that grows, ends within a second and says so."""
    began = time.process_time()
    with pytest.raises(FaultyText) as caught:
        fill_in(source, {"text": "x" * 1000, "a": 1}, place="body")
    assert caught.value.fault.code == "too_much"
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "attack", ["{{ x.__class__ }}", "{{ x['__class__'] }}", "{{ x.mro }}", "{{ x | map: 'y' }}"]
)
def test_no_text_reaches_behind_values(attack: str) -> None:
    """Nothing but the plain values is reached (trust.md, R2)."""
    with pytest.raises(FaultyText):
        fill_in(attack, {"x": "plain"}, place="body")
    assert (
        fill_in("{% raw %}{{ 7*7 }}{% endraw %} ${7*7} %(x)s", {}, place="body") == "{{ 7*7 }} ${7*7} %(x)s"
    )


def test_long_text_is_refused_at_its_line() -> None:
    """A text is no longer than ten thousand letters."""
    fault = find_fault("x\n" * 5001, (), place="body")
    assert fault is not None
    assert (fault.code, fault.line) == ("too_long", 5001)


@pytest.mark.parametrize("text_kind", TEXT_KINDS, ids=lambda one: one.name)
def test_one_letter_keeps_one_form(text_kind: TextKind) -> None:
    """What begins with "Szanowna Pani" does not go on with "Państwo"."""
    text = wording.get_shipped_text(text_kind.kind, "pl", text_kind.channel)
    foot = wording.write_how_to_stop(text_kind.kind, "pl", "biuro@example.org")
    assert "Państw" not in text.subject + text.body + foot
