"""The pictures of docs/images, taken of the demo in Chromium. Run it through ``scripts/screenshots``.

With the address of a demo that runs, ``scripts/screenshots http://127.0.0.1:8111``, that one is used.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
PORT = 8119
MOST_BYTES = 200_000
UNKNOWN = ROOT / "tests" / "files" / "csv" / "unknown-bank.csv"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def demo() -> Iterator[str]:
    """The address of a demo that lives as long as the block."""
    base = f"http://127.0.0.1:{PORT}"
    run = "from donorhub.cli import main; main()"
    command = [sys.executable, "-c", run, "demo", "--port", str(PORT)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet) as process:
        try:
            while not answers(base):
                if process.poll() is not None:
                    sys.exit("the demo did not start: try scripts/demo")
                time.sleep(0.5)
            yield base
        finally:
            process.terminate()


def answers(base: str) -> bool:
    try:
        with urlopen(f"{base}/healthz", timeout=2):
            return True
    except (URLError, OSError):
        return False


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/sign-in?lang=en")
    page.fill("input[name=email]", "marta@demo.example")
    page.fill("input[name=password]", "demo-demo-demo")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{base}/")


def take(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.quantize(256).save(path, optimize=True)  # few colours: a third of the size, looks the same
    size = path.stat().st_size
    print(f"docs/images/{name}.png: {size:,} bytes")
    if size > MOST_BYTES:
        sys.exit(f"docs/images/{name}.png is larger than {MOST_BYTES:,} bytes")


def walk(page: Page, base: str) -> None:
    sign_in(page, base)
    take(page, "dashboard")
    page.goto(f"{base}/bank/to-decide")
    take(page, "decide")
    page.goto(f"{base}/receipts")
    page.locator("main a[href*='/donors/']").last.click()  # somebody who has a receipt
    page.wait_for_url(re.compile(r"/donors/\d+"))
    take(page, "donor")
    page.goto(f"{base}/bank")
    page.set_input_files("input[type=file]", UNKNOWN)
    page.click("form[enctype='multipart/form-data'] button")
    page.wait_for_url(re.compile(r"/bank/files/\d+"))
    address = page.url.split("?")[0]
    while "asking" not in (state := page.locator("body").inner_text()) and "asks you" not in state:
        page.wait_for_timeout(500)  # the worker reads it
        page.goto(address)
    page.goto(f"{address}/columns")
    take(page, "wizard")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    running = nullcontext(sys.argv[1]) if len(sys.argv) > 1 else demo()
    with running as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        walk(browser.new_page(viewport={"width": 1360, "height": 900}, locale="en-GB"), base)
        browser.close()


if __name__ == "__main__":
    main()
