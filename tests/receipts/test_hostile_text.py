"""Names that want to be code: they are printed as they are written, and nothing is fetched."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pypdf import PdfReader

from receipts import Receipt, Unrenderable, render_html, render_pdf
from tests.receipts import reading, samples

SECRET = "s3cret-of-the-server"
VECTORS = {
    "image": '<img src="{http}/img.png">',
    "image of a file": '<img src="{file}">',
    "attached file": '<link rel=attachment href="{file}">',
    "attached by a link": '<a rel=attachment href="{file}">x</a>',
    "style sheet": '<link rel=stylesheet href="{http}/x.css">',
    "imported style": "<style>@import url({http}/y.css)</style>",
    "background": '<p style="background: url({http}/b.png)">x</p>',
    "font": "<style>@font-face {{ font-family: z; src: url({http}/z.ttf) }}</style><p>z</p>",
    "object": '<object data="{http}/o.svg">x</object>',
    "embed": '<embed src="{http}/e.svg">',
    "picture in a drawing": '<svg width=9 height=9><image href="{http}/n.png" width=9 height=9 /></svg>',
    "list marker": '<ul style="list-style-image: url({http}/l.png)"><li>x</ul>',
    "generated": "<style>p::before {{ content: url({http}/g.png) }}</style><p>x</p>",
}
TEMPLATES = ("{{7*7}}", "{% for x in y %}", "{{ ''.__class__.__mro__ }}", "%(name)s {0.__class__} ${x}")


class _Counting(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server on the loopback and the list of what was asked of it."""
    asked: list[str] = []
    handler = type("Handler", (_Counting,), {"asked": asked})
    httpd = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}", asked
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path.as_uri()


def _everywhere(text: str) -> Receipt:
    """A receipt with the text in every place that a person can write to."""
    return samples.receipt(
        number=text,
        replaces=text,
        state="void",
        voided_on=samples.date(2026, 4, 1),
        void_reason=text,
        replaced_by=text,
        donor=samples.DonorBlock(text, (text,), {text: text}),
        organisation=replace(
            samples.FOUNDATION,
            legal_name=text,
            address_lines=(text,),
            ids={text: text},
            place=text,
            signatory_name=text,
            signatory_role=text,
            account=text,
            exemption=text,
            contact=text,
        ),
        lines=(replace(samples.GIFT, purpose=text, reference=text),),
    )


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(vector, id=name, marks=() if number % 3 == 0 else pytest.mark.slow)
        for number, (name, vector) in enumerate(VECTORS.items())
    ],
)
def test_markup_in_any_field_is_text(vector: str, server: tuple[str, list[str]], secret: str) -> None:
    """Markup in any field is printed as literal text and fetches nothing: no request, no file, no
    attachment."""
    address, asked = server
    written = vector.format(http=address, file=secret)
    pdf = render_pdf(_everywhere(written))
    assert asked == []
    assert "".join(written.split()) in "".join(reading.text(pdf).split())
    assert not any(SECRET.encode() in stream for stream in reading.streams(pdf))
    assert PdfReader(io.BytesIO(pdf)).attachments == {}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_even_markup_in_a_template_fetches_nothing(
    vector: str, server: tuple[str, list[str]], secret: str
) -> None:
    """The second wall: were escaping ever forgotten, the engine refuses the address itself."""
    from receipts.render import _get_engine

    address, asked = server
    html = f"<!doctype html><html><body>{vector.format(http=address, file=secret)}"
    with pytest.raises(Unrenderable, match="fetches nothing"):
        _get_engine().make_pdf(html, "receipt-1", b"x", {})
    assert asked == []


def test_the_server_of_these_tests_does_count(server: tuple[str, list[str]]) -> None:
    import weasyprint

    address, asked = server
    weasyprint.HTML(string=VECTORS["image"].format(http=address)).write_pdf()
    assert asked == ["/img.png"]


@pytest.mark.parametrize("text", TEMPLATES)
def test_template_language_in_a_name_is_literal_text(text: str) -> None:
    printed_text = reading.text(render_pdf(samples.receipt(donor=replace(samples.JAN, name_line=text))))
    assert text in printed_text
    assert "49" not in printed_text.replace("124650", "")


def test_the_preview_escapes_too() -> None:
    page = render_html(_everywhere("<script>alert(1)</script>"))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
