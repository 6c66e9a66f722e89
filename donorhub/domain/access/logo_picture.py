"""The organisation's logo: a picture that somebody sent, drawn anew, so that only its colours stay.

What a name or a browser says of a file decides nothing. Neither place nor camera, no profile and nothing
that is hidden behind the picture is kept, and what is no whole PNG or JPEG is refused. SVG is a program
for browsers and is not taken.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Final, Literal, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_MB: Final = 2
MOST_MEGAPIXELS: Final = 8  # drawn anew it takes some 100 MB of memory at worst
KEPT_SIZE: Final = (660, 240)  # printed 55 mm wide it has 300 dots an inch
SHOWN_SIZE: Final = (240, 80)  # in a mail, in its pixels

# What Pillow raises for a file that is broken; the last four for what a camera wrote beside the picture.
_BROKEN: Final = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    EOFError,
    ValueError,
    struct.error,
    TypeError,
    KeyError,
    ZeroDivisionError,
)
# A picture cut short lacks these. Pillow says so only as long as nobody, such as WeasyPrint, lets it read on.
_LAST_BYTES: Final = {"PNG": b"IEND\xae\x42\x60\x82", "JPEG": b"\xff\xd9"}
LogoFault = Literal["logo_kind", "logo_too_large", "logo_too_many_pixels"]


class RefusedLogo(Exception):
    """A file that is no logo; ``code`` says why."""

    def __init__(self, code: LogoFault) -> None:
        super().__init__(code)
        self.code = code


class DrawnLogo(NamedTuple):
    """A logo as it is kept: a PNG of this many pixels."""

    content: bytes
    width: int
    height: int


def redraw_logo(content: bytes) -> DrawnLogo:
    """Return a PNG or JPEG as a PNG of at most the kept size, with nothing in it but the picture; raise
    RefusedLogo for any other file.
    """
    if len(content) > LARGEST_MB * 1024 * 1024:
        raise RefusedLogo("logo_too_large")
    picture = _read_picture(content)
    picture.thumbnail(KEPT_SIZE, Image.Resampling.LANCZOS)
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())  # leaves all behind but the colours
    place = BytesIO()
    bare.save(place, "PNG", optimize=True)
    return DrawnLogo(place.getvalue(), bare.width, bare.height)


def find_shown_size(width: int, height: int) -> tuple[int, int]:
    """Return how large a logo is shown in a mail: as it is, or made smaller until it fits."""
    scale = min(1, SHOWN_SIZE[0] / width, SHOWN_SIZE[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _read_picture(content: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MOST_MEGAPIXELS * 1_000_000:
                raise RefusedLogo("logo_too_many_pixels")
            if _LAST_BYTES[picture.format or ""] not in content:
                raise RefusedLogo("logo_kind")
            upright = ImageOps.exif_transpose(picture)
            return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as e:
        raise RefusedLogo("logo_too_many_pixels") from e
    except _BROKEN as e:
        raise RefusedLogo("logo_kind") from e
