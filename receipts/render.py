"""A frozen receipt in, the bytes of its A4 PDF out: the same bytes every time.

WeasyPrint is loaded on the first PDF and not before. Nothing is fetched: the fonts come
from memory and any other address stops the making of the document.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from receipts.document import MOST_LINES, Receipt, Unrenderable
from receipts.packs import NoPack, get_pack_by_version
from receipts.text import FONTS, clean_receipt
from receipts.view import make_values

TEMPLATE_VERSION: Final = "1"
_FOLDER: Final = Path(__file__).with_name("templates")
_FONT_FILES: Final = {
    "receipt-font:regular": "DejaVuSansCondensed.ttf",
    "receipt-font:bold": "DejaVuSansCondensed-Bold.ttf",
}
_WAY_OUT: Final = "apt-get install --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0"
_one_at_a_time = threading.Lock()  # Pango's font map is not made for two threads


def render_pdf(receipt: Receipt) -> bytes:
    """Return the receipt as a tagged PDF/UA-1 file on A4 pages.

    The same receipt gives the same bytes in any process of the same release, so a stored sha256 holds.
    Raise Unrenderable when the system's libraries, the rule pack or the template are missing or there are
    more than 2,000 lines, UnprintableText when a text holds what no document can. Both messages tell the
    way out.
    """
    html = _render_page(receipt, inline_style="")
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    return draw_pdf(html, f"receipt-{receipt.template_version}", identifier)


def draw_pdf(
    html: str, style: str, identifier: bytes, pictures: Mapping[str, bytes] = MappingProxyType({})
) -> bytes:
    """Return a page of our own, made of texts that were cleaned, as a PDF in one of our styles. ``pictures``
    are PNGs by the addresses at which the page shows them; an address is never that of another picture.

    Raise Unrenderable when the system's libraries are missing or the page asks for any address.
    """
    with _one_at_a_time:
        return _get_whole_engine().make_pdf(html, style, identifier, pictures)


def render_pdfs(receipts: Iterable[Receipt]) -> Iterator[bytes]:
    """Return the PDF of each receipt in turn; memory does not grow with their number."""
    return map(render_pdf, receipts)


def preload_engine() -> None:
    """Load WeasyPrint and our fonts now, as a worker does before it forks: a second saved per job.

    Raise Unrenderable as :func:`render_pdf` does, so a call also tells whether PDFs can be made on this
    machine.
    """
    with _one_at_a_time:
        _get_whole_engine().get_style(f"receipt-{TEMPLATE_VERSION}")


def render_html(receipt: Receipt) -> str:
    """Return the receipt as one HTML page for a preview: its style is inside, it fetches nothing.

    It needs no library of the system, so it works where :func:`render` cannot.
    """
    style = "".join(_read_part(f"receipt-{receipt.template_version}", part) for part in ("css", "screen.css"))
    return _render_page(receipt, inline_style=Markup(style))  # noqa: S704  our own file, no one's text


def _render_page(receipt: Receipt, *, inline_style: str) -> str:
    if len(receipt.lines) > MOST_LINES:
        raise Unrenderable(
            f"receipt {receipt.number} has {len(receipt.lines)} lines, more than {MOST_LINES}: "
            "void it and issue one for each part of the year"
        )
    try:
        pack = get_pack_by_version(receipt.rule_pack_version)
        template = make_environment().get_template(f"receipt-{receipt.template_version}.html")
    except (NoPack, TemplateNotFound) as e:
        raise Unrenderable(
            f"receipt {receipt.number} needs what this release lacks: {e}; install the release that made it"
        ) from e
    return template.render(make_values(clean_receipt(receipt), pack), inline_style=inline_style)


@cache
def make_environment() -> Environment:
    """Return what reads our own templates: they escape whatever they print, and know no other name."""
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _read_part(style: str, part: str) -> str:
    return (_FOLDER / f"{style}.{part}").read_text(encoding="utf-8")


class _Engine:
    """WeasyPrint with all that can be kept from one document to the next.

    A font configuration for each document costs a quarter of the time and leaks 0.3 MiB.
    """

    def __init__(self) -> None:
        import weasyprint

        self._html = weasyprint.HTML
        self._css = weasyprint.CSS
        self._fetcher = _make_memory_fetcher()
        self._fonts = _make_font_folder()
        self._styles: dict[str, Any] = {}
        self._images: dict[str, Any] = {}

    def make_pdf(self, html: str, style: str, identifier: bytes, pictures: Mapping[str, bytes]) -> bytes:
        from weasyprint.urls import FatalURLFetchingError

        self._fetcher.refused_urls.clear()
        self._fetcher.pictures = pictures
        document = b""
        # Inside a drawing WeasyPrint swallows this error, so the list below decides.
        with suppress(FatalURLFetchingError):
            document = self._html(string=html, url_fetcher=self._fetcher).write_pdf(
                stylesheets=[self.get_style(style)],
                font_config=self._fonts,
                cache=self._images,
                pdf_identifier=identifier,
                pdf_variant="pdf/ua-1",
            )
        if self._fetcher.refused_urls:
            raise Unrenderable(
                f"the template asked for {self._fetcher.refused_urls[0]}, and a receipt fetches nothing: "
                "take the address out of the template"
            )
        return document

    def is_intact(self) -> bool:
        """Return whether the fonts are still where WeasyPrint put them."""
        is_whole: bool = self._fonts.has_files(len(_FONT_FILES)) or not self._styles
        return is_whole

    def get_style(self, name: str) -> Any:
        if name not in self._styles:
            text = "".join(_read_part(name, part) for part in ("css", "print.css"))
            self._styles[name] = self._css(string=text, url_fetcher=self._fetcher, font_config=self._fonts)
        return self._styles[name]


@cache
def _get_engine() -> _Engine:
    try:
        engine = _Engine()
    except OSError as e:
        raise Unrenderable(f"the PDF library lacks a library of the system ({e}); run: {_WAY_OUT}") from e
    atexit.register(_get_engine.cache_clear)  # WeasyPrint itself forgets its folder when a process ends
    return engine


def _get_whole_engine() -> _Engine:
    """Return the engine, made anew when its fonts in /tmp are gone: it would draw with others."""
    if not _get_engine().is_intact():
        _get_engine.cache_clear()
    return _get_engine()


def _make_font_folder() -> Any:
    from weasyprint.text.fonts import FontConfiguration

    class FontFolder(FontConfiguration):  # type: ignore[misc]
        """WeasyPrint's fonts in their folder under /tmp, removed only by the process that made it.

        WeasyPrint 70 removes it in a forked child too, and the parent goes on without.
        """

        def __init__(self) -> None:
            super().__init__()
            self._maker = os.getpid()

        def has_files(self, count: int) -> bool:
            return self._folder is not None and sum(1 for _ in self._folder.glob("*")) >= count

        def __del__(self) -> None:
            if os.getpid() == self._maker:
                super().__del__()

    return FontFolder()


def _make_memory_fetcher() -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class MemoryFetcher(URLFetcher):  # type: ignore[misc]
        """Gives our fonts from this package and the pictures of the document, and stops at any other address,
        whatever its scheme.
        """

        def __init__(self) -> None:
            super().__init__(allowed_protocols=())
            self.refused_urls: list[str] = []
            self.pictures: Mapping[str, bytes] = {}

        def fetch(self, url: str, headers: object = None) -> Any:
            if url in self.pictures:
                return URLFetcherResponse(url, self.pictures[url], {"Content-Type": "image/png"})
            name = _FONT_FILES.get(url)
            if name is None:
                self.refused_urls.append(url)
                raise FatalURLFetchingError(url)
            return URLFetcherResponse(url, (FONTS / name).read_bytes(), {"Content-Type": "font/ttf"})

    return MemoryFetcher()
