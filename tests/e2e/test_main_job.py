"""The main job as people and programs see it: real processes, a real browser, a real mail server."""

from __future__ import annotations

import io
import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.load.installation import Installation, place_for
from tests.servers import smtp_server
from tests.smtp import SmtpServer

pytestmark = pytest.mark.e2e
PASSWORD = "a long enough one"


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def place(stores: str, tmp_path: Path, mail: SmtpServer) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as where:
        installation = Installation(where.home, where.stores, DONORHUB_SMTP_URL=mail.url)
        installation.prepare("marta@example.org", PASSWORD)
        installation.start_all()
        yield installation
        installation.stop_all()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(locale="en-GB")
    yield page
    page.context.close()


def call(
    place: Installation, token: str, method: str, path: str, body: Any = None, if_match: str = ""
) -> Any:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    if if_match:
        headers["If-Match"] = if_match
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{place.port}/api/v1{path}", data, headers, method=method)
    try:
        with urlopen(request) as answer:
            read = answer.read()
            return json.loads(read) if "json" in answer.headers["Content-Type"] else read
    except HTTPError as e:
        raise AssertionError(e.read().decode()) from e


def text_of(pdf: bytes) -> str:
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.replace("\u00a0", " ").replace("\u00ad", "").split())


def wait_for_pdf(place: Installation, token: str, receipt_id: int) -> bytes:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        found = call(place, token, "GET", f"/receipts/{receipt_id}")
        if found.get("pdf_sha256"):
            pdf: bytes = call(place, token, "GET", f"/receipts/{receipt_id}/pdf")
            return pdf
        time.sleep(0.3)
    raise AssertionError("the PDF did not come")


def create_token(place: Installation) -> str:
    scopes = [
        "donors:write",
        "donors:read",
        "gifts:read",
        "receipts:read",
        "receipts:issue",
        "settings:write",
    ]
    answer = place.run("token", "create", "test", *[word for scope in scopes for word in ("--scope", scope)])
    return answer.stdout.strip().splitlines()[-1]


def describe_organisation(place: Installation, token: str) -> None:
    """Enter what a Polish receipt must show of its issuer."""
    with urlopen(
        Request(
            f"http://127.0.0.1:{place.port}/api/v1/organisation", headers={"Authorization": f"Bearer {token}"}
        )
    ) as answer:
        etag = answer.headers["ETag"]
    call(
        place,
        token,
        "PATCH",
        "/organisation",
        if_match=etag,
        body={
            "legal_name": "Fundacja Ëndrra",
            "street": "ul. Długa 1",
            "postcode": "00-238",
            "city": "Warszawa",
            "ids": {"KRS": "0000123456", "NIP": "5252810770"},
        },
    )


def create_donor(place: Installation, token: str) -> int:
    donor = call(
        place,
        token,
        "POST",
        "/donors",
        {
            "kind": "person",
            "given_name": "Łucja",
            "family_name": "Çela-Hënë",
            "lang": "pl",
            "email": "lucja@example.org",
            "street": "ul. Żółta 1",
            "postcode": "00-001",
            "city": "Łódź",
            "country": "PL",
        },
    )
    donor_id: int = donor["id"]
    return donor_id


def record_gift(place: Installation, page: Page, donor_id: int) -> int:
    """Sign in and record a gift by its form; return the id in the address that comes after it."""
    base = f"http://127.0.0.1:{place.port}"
    page.goto(f"{base}/sign-in")
    page.get_by_label("E-mail").fill("marta@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{base}/gifts/new?donor={donor_id}")
    page.get_by_label(re.compile("^Amount")).fill("1 246,50")
    page.locator(
        "main form[method=post] button.primary, main form[method=post] button[type=submit]"
    ).first.click()
    page.wait_for_url(re.compile(r"/gifts/\d+$"))
    return int(page.url.rsplit("/", 1)[1])


def test_gift_leads_to_thanks_and_receipt(place: Installation, mail: SmtpServer, page: Page) -> None:
    """A gift goes from the form to the thank-you and to the receipt, in one installation."""
    token = create_token(place)
    describe_organisation(place, token)
    gift_id = record_gift(place, page, create_donor(place, token))

    letters = [letter for letter in mail.wait_for(2, timeout=40) if "lucja" in letter["To"]]
    assert len(letters) == 1
    assert "1 246,50 zł" in letters[0]["Subject"].replace("\u00a0", " ")
    assert "Łucj" in letters[0].get_body(("plain",)).get_content()

    receipt = call(place, token, "POST", "/receipts", {"gift_ids": [gift_id]})
    text = text_of(wait_for_pdf(place, token, receipt["id"]))
    assert receipt["number"] in text
    assert "Łucja Çela-Hënë" in text
    assert "1 246,50 zł" in text
    assert "jeden tysiąc dwieście czterdzieści sześć" in text or "tysiąc dwieście czterdzieści sześć" in text
    assert place.run("verify", "--thorough").returncode == 0
    time.sleep(1)
    assert len([letter for letter in mail.messages if "lucja" in letter["To"]]) == 1
