"""The Markdown of a letter as a few plain elements of HTML: nothing in it leads, loads or runs anywhere."""

from __future__ import annotations

import re
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_TAGS: Final = frozenset(
    {"p", "br", "strong", "em", "ul", "ol", "li", "h2", "h3", "blockquote", "hr", "code", "pre"}
)
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "breaks": True})
_SIGNS: Final = re.compile(r"([\\`*_\[\]<>#|~])")


def convert_markdown(text: str) -> Markup:
    """Return the text as HTML without a link, an image, an attribute or an element that is not for print."""
    html = _MARKDOWN.render(text)
    return Markup(nh3.clean(html, tags=set(_TAGS), attributes={}, link_rel=None))  # noqa: S704  it was cleaned


def escape_markdown(text: str) -> str:
    """Return a value, such as a name, so that Markdown prints each of its signs as it is."""
    return _SIGNS.sub(r"\\\1", text)
