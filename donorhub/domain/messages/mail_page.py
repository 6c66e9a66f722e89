"""The HTML that goes beside the plain text of a mail, made of that text: the same words in the same order.

A text is written as for a letter: blank lines between paragraphs, ``- `` before the points of a list,
``**weighty**``. What is plainly an address on the web or of a mailbox becomes a link that shows where it
leads; no other text becomes one, so that no donor's name can hide an address behind words. Nothing in the
page is fetched: it has no picture but one that comes with the mail, no style sheet and no script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

_UNUSED_RULES: Final = (
    "code fence reference html_block html_inline lheading backticks link image autolink entity escape".split()
)
_STYLES: Final[Mapping[str, str]] = {  # mail programs read no style sheet, so each element carries its own
    "p": "margin:0 0 1em",
    "ul": "margin:0 0 1em;padding-left:1.5em",
    "ol": "margin:0 0 1em;padding-left:1.5em",
    "li": "margin:0 0 .25em",
    **dict.fromkeys(("h1", "h2"), "margin:1.5em 0 .5em;font-size:1.15em;line-height:1.3"),
    **dict.fromkeys(("h3", "h4", "h5", "h6"), "margin:1.5em 0 .5em;font-size:1em;line-height:1.3"),
    "blockquote": "margin:0 0 1em;padding-left:1em;border-left:3px solid #8a9a9a",
    "hr": "border:0;border-top:1px solid #8a9a9a;margin:1.5em 0",
}
_PLAIN_TAGS: Final = frozenset({"br", "strong", "em", "a"})
_BODY_STYLE: Final = "margin:0;padding:0;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif"
_COLUMN_STYLE: Final = "max-width:38em;margin:0 auto;padding:1em;overflow-wrap:break-word"
_WEB: Final = re.compile(r"://[^\s<>\"'`]+", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?<![a-z0-9+.-])https?\Z", re.IGNORECASE)
_MAILBOX: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+",
    re.IGNORECASE,
)
_AFTER_ADDRESS: Final = ".,;:!?…)]}*"  # ends the sentence around an address, not the address


class Picture(NamedTuple):
    """A picture that comes with a mail: by which name the page shows it, how large, and what it shows."""

    content_id: str
    width: int
    height: int
    alt: str


def write_page(body: str, *, lang: str, subject: str, logo: Picture | None = None) -> str:
    """Return the whole page of a mail: the organisation's logo where there is one, then the text."""
    head = (
        Markup('<p style="{}"><img src="cid:{}" width="{}" height="{}" alt="{}"></p>\n').format(
            _STYLES["p"], logo.content_id, logo.width, logo.height, logo.alt
        )
        if logo
        else ""
    )
    styles = {tag: {"style": style} for tag, style in _STYLES.items()}
    return str(
        Markup(
            '<!doctype html>\n<html lang="{}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n<title>{}</title>\n</head>\n'
            '<body style="{}">\n<div style="{}">\n{}{}</div>\n</body>\n</html>\n'
        ).format(lang, subject, _BODY_STYLE, _COLUMN_STYLE, head, _clean_html(_MARKDOWN.render(body), styles))
    )


def convert_body(body: str) -> Markup:
    """Return the text as the page has it, without the styles that mail programs need."""
    return _clean_html(_MARKDOWN.render(body), {})


def _clean_html(html: str, styles: dict[str, dict[str, str]]) -> Markup:
    """Return only what a mail needs, whatever the reader of Markdown made."""
    return Markup(  # noqa: S704  it was cleaned
        nh3.clean(
            html,
            tags=_PLAIN_TAGS | _STYLES.keys(),
            attributes={"a": {"href"}, "ol": {"start"}},
            set_tag_attribute_values=styles,
            url_schemes={"http", "https", "mailto"},
            link_rel=None,
        )
    )


def _make_reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(_UNUSED_RULES)
    reader.inline.ruler.before("emphasis", "web_address", _read_web_address)
    reader.core.ruler.after("inline", "mailboxes", _link_mailboxes)
    return reader


def _read_web_address(state: StateInline, silent: bool) -> bool:
    """Take ``https://…`` as it stands, before a sign in it could be read as one of Markdown's."""
    match = _WEB.match(state.src, state.pos)
    scheme = _SCHEME.search(state.pending) if match else None
    if match is None or scheme is None or silent:
        return False
    rest = match[0].rstrip(_AFTER_ADDRESS)
    if len(rest) <= len("://"):
        return False
    state.pending = state.pending[: scheme.start()]
    _push_link(state, scheme[0] + rest)
    state.pos += len(rest)
    return True


def _push_link(state: StateInline, address: str) -> None:
    state.push("link_open", "a", 1).attrs = {"href": address}
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1)


def _link_mailboxes(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = [part for one in block.children for part in _split_at_mailboxes(one)]


def _split_at_mailboxes(token: Token) -> Iterator[Token]:
    """Return a token as it is, or text as pieces of which each mailbox is a link; one within an address of
    the web stays what it is.
    """
    end = 0
    if token.type == "text" and not token.content.lower().startswith(("http://", "https://")):
        for match in _MAILBOX.finditer(token.content):
            yield Token("text", "", 0, content=token.content[end : match.start()])
            yield Token("link_open", "a", 1, attrs={"href": f"mailto:{match[0]}"})
            yield Token("text", "", 0, content=match[0])
            yield Token("link_close", "a", -1)
            end = match.end()
    yield token if not end else Token("text", "", 0, content=token.content[end:])


_MARKDOWN: Final = _make_reader()
