"""The HTML that goes beside the plain text of a mail: the same words, and nothing leads or loads unseen."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.messages.mail_page import Picture, convert_body, write_page

THANKS = """Szanowna Pani Łucjo,

dziękujemy za **darowizny**:
- 50,00 zł, 1 < 2 & "trzy"
- 7,00 zł

W razie pytań: biuro_ngo@demo.example, https://demo.example/o_nas_.

Fundacja Otwarte Oczy
"""


class Reading(HTMLParser):
    """What a mail program sees of a page: elements with their attributes, and the words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(str(page))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.words += " "

    def handle_data(self, data: str) -> None:
        self.words += data

    def list_addresses(self) -> list[str | None]:
        return [attrs.get("href") for tag, attrs in self.elements if tag == "a"]


def test_page_says_what_the_text_says() -> None:
    """Paragraphs, points and weighty words are marked up; every word stands in the same order."""
    seen = Reading(convert_body(THANKS))
    assert [tag for tag, _ in seen.elements] == ["p", "p", "strong", "ul", "li", "li", "p", "a", "a", "p"]
    plain = THANKS.replace("**", "").replace("\n- ", "\n")
    assert seen.words.split() == plain.split()
    assert seen.list_addresses() == ["mailto:biuro_ngo@demo.example", "https://demo.example/o_nas_"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see (https://a.example/x_(y)_z?q=1&r=*2), please", "https://a.example/x_(y)_z?q=1&r=*2"),
        ("**https://a.example/_so_** and more", "https://a.example/_so_"),
        ("HTTPS://A.EXAMPLE.", "HTTPS://A.EXAMPLE"),
        ("anna_maria+x@a-b.example.", "mailto:anna_maria+x@a-b.example"),
    ],
)
def test_address_is_a_link_to_itself(text: str, address: str) -> None:
    """What is plainly an address becomes a link that shows where it leads, without what ends the sentence."""
    seen = Reading(convert_body(text))
    assert seen.list_addresses() == [address]
    assert address.removeprefix("mailto:") in seen.words


@pytest.mark.parametrize(
    "name",
    [
        "[Odbierz nagrodę](javascript:alert(1))",
        "[x]: https://evil.example",
        "![x](//evil.example/p.png)",
        "<img src=//evil.example/p.png onerror=alert(1)>",
        "<script>alert(1)</script>",
        "<a href='evil:1'>x</a>",
        "javascript:alert(1)",
        "data:text/html,x",
        "&lt;img src=x&gt;",
    ],
)
def test_name_cannot_hide_an_address(name: str) -> None:
    """No name of a donor becomes a link, a picture or an element: it stands there as it was written."""
    seen = Reading(convert_body(f"Dear {name},"))
    assert seen.list_addresses() in ([], ["https://evil.example"])
    assert {tag for tag, _ in seen.elements} <= {"p", "a"}
    assert "".join(seen.words.split()) == "".join(f"Dear {name},".split())


@given(st.text(alphabet="ab łë<>&\"'`*_#-=+[]()!:/.@\\~|{}1 \n\thtps", max_size=60))
def test_any_text_leads_only_where_it_shows(text: str) -> None:
    """Whatever a text holds, each link shows its address, and no other attribute asks for anything."""
    seen = Reading(convert_body(text))
    for tag, attrs in seen.elements:
        assert attrs.keys() <= ({"href"} if tag == "a" else {"start"})
    for address in seen.list_addresses():
        assert address is not None
        assert re.match(r"(https?://|mailto:)", address, re.IGNORECASE)
        assert address.removeprefix("mailto:") in seen.words


@pytest.mark.parametrize("lang", ["pl", "sq", "en"])
def test_page_asks_for_nothing(lang: str) -> None:
    """The page names its language and letters, and everything it shows comes with the mail."""
    logo = Picture("logo@demo.example", 200, 50, 'Fundacja "Oczy"')
    page = write_page(THANKS, lang=lang, subject="Dziękujemy <b>", logo=logo)
    seen = Reading(page)
    assert dict(seen.elements)["html"] == {"lang": lang}
    assert ("meta", {"charset": "utf-8"}) in seen.elements
    sources = [attrs["src"] for tag, attrs in seen.elements if "src" in attrs]
    assert sources == ["cid:logo@demo.example"]
    (image,) = [attrs for tag, attrs in seen.elements if tag == "img"]
    assert image["alt"] == 'Fundacja "Oczy"'
    assert not re.search(r"url\(|@import|<link|<script|<style", page)
    assert "Dziękujemy &lt;b&gt;" in page
