"""Small pictures for the tests, as cameras and drawing programs write them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

PLACE = "Lat 52.2297 secret garden"  # what a camera or program hides beside the picture


def make_picture(
    kind: str = "PNG", size: tuple[int, int] = (900, 300), mode: str = "RGB", **saved: Any
) -> bytes:
    """Return a picture whose left half is teal and whose right half is white."""
    picture = Image.new("RGB", size, "white")
    picture.paste((31, 92, 90), (0, 0, size[0] // 2, size[1]))
    place = BytesIO()
    picture.convert(mode).save(place, kind, **saved)
    return place.getvalue()


def open_picture(content: bytes) -> Image.Image:
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture
