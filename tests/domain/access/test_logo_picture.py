"""The logo drawn anew: only its colours stay, and what is no picture of two kinds is refused."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from donorhub.domain.access.logo_picture import RefusedLogo, find_shown_size, redraw_logo
from tests.pictures import PLACE, make_picture, open_picture

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def write_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claim_size(width: int, height: int) -> bytes:
    """Return a PNG of some bytes that says it is this large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = write_chunk(b"IDAT", zlib.compress(b"\0" * 100)) + write_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + write_chunk(b"IHDR", head) + pixels


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_picture_stays_what_it_shows(kind: str, mode: str) -> None:
    """Whatever its colours are kept as, the picture is a PNG that fits the box and shows the same."""
    if (kind, mode) == ("JPEG", "P"):
        mode = "CMYK"
    drawn = redraw_logo(make_picture(kind, (1200, 300), mode))
    picture = open_picture(drawn.content)
    assert (picture.format, picture.size, (drawn.width, drawn.height)) == ("PNG", (660, 165), (660, 165))
    left, right = picture.convert("L").getpixel((50, 80)), picture.convert("L").getpixel((600, 80))
    assert left < 110 and right > 245


def test_clear_colours_stay_clear() -> None:
    """What lies behind a logo is seen through it as before."""
    picture = Image.new("RGBA", (100, 40), (31, 92, 90, 128))
    place = BytesIO()
    picture.save(place, "PNG")
    assert open_picture(redraw_logo(place.getvalue()).content).getpixel((5, 5)) == (31, 92, 90, 128)


def test_nothing_is_kept_but_colours() -> None:
    """Neither place nor camera, text, profile, second picture nor bytes behind the end stay."""
    exif = Image.Exif()
    exif[0x010E] = PLACE
    exif[0x0112] = 6  # lies on its side
    notes = PngInfo()
    notes.add_text("Comment", PLACE)
    sent = [
        make_picture("JPEG", exif=exif, comment=PLACE, icc_profile=PLACE.encode()),
        make_picture("PNG", exif=exif, pnginfo=notes, icc_profile=PLACE.encode()) + PLACE.encode(),
    ]
    for content in sent:
        drawn = redraw_logo(content)
        assert (drawn.width, drawn.height) == (80, 240)  # stands as the camera said
        assert PLACE.encode() not in drawn.content
        assert open_picture(drawn.content).info == {}
        assert [kind for kind in (b"eXIf", b"iCCP", b"tEXt", b"zTXt", b"iTXt") if kind in drawn.content] == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (SVG, "logo_kind"),
        (b"GIF89a" + bytes(50), "logo_kind"),
        (make_picture("GIF"), "logo_kind"),
        (make_picture("WEBP"), "logo_kind"),
        (make_picture("BMP"), "logo_kind"),
        (make_picture("PNG")[:-40], "logo_kind"),
        (make_picture("JPEG")[:400], "logo_kind"),
        (b"\x89PNG\r\n\x1a\n", "logo_kind"),
        (b"%PDF-1.7", "logo_kind"),
        (make_picture() + bytes(2 * 1024 * 1024), "logo_too_large"),
        (make_picture(size=(4000, 2100)), "logo_too_many_pixels"),
        (claim_size(60_000, 60_000), "logo_too_many_pixels"),
        (claim_size(10_000, 10_000), "logo_too_many_pixels"),
        (claim_size(2**31 - 1, 1), "logo_too_many_pixels"),
    ],
)
@pytest.mark.parametrize("reads_on", [False, True])
def test_what_is_no_logo_is_refused(
    content: bytes, code: str, reads_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else runs in the process: WeasyPrint lets Pillow read pictures that were cut short."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", reads_on)
    with pytest.raises(RefusedLogo) as refusal:
        redraw_logo(content)
    assert refusal.value.code == code


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.*")  # Pillow tells of what is broken
def test_broken_picture_is_refused_or_drawn() -> None:
    """A thousand files broken at random: each is drawn or refused, none is an error."""
    exif = Image.Exif()
    exif[0x0112] = 6
    dice = random.Random(20261201)
    samples = [make_picture(kind, (40, 20), exif=exif) for kind in ("PNG", "JPEG")]
    outcomes = set()
    for _ in range(1000):
        content = bytearray(dice.choice(samples))
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(8, len(content))] = dice.randrange(256)
        try:
            redraw_logo(_mend_sums(bytes(content)))
            outcomes.add("drawn")
        except RefusedLogo as refusal:
            outcomes.add(refusal.code)
    assert outcomes >= {"drawn", "logo_kind"}


def _mend_sums(content: bytes) -> bytes:
    """Return a PNG with the check sums of its parts made right, so that a reader goes on; others as is."""
    if not content.startswith(b"\x89PNG"):
        return content
    parts, at = [content[:8]], 8
    while at + 12 <= len(content):
        end = at + 8 + struct.unpack(">I", content[at : at + 4])[0]
        if end + 4 > len(content):
            break
        parts.append(write_chunk(content[at + 4 : at + 8], content[at + 8 : end]))
        at = end + 4
    return b"".join(parts) + content[at:]


@pytest.mark.parametrize(
    ("size", "shown"),
    [((660, 240), (220, 80)), ((660, 100), (240, 36)), ((100, 50), (100, 50)), ((660, 1), (240, 1))],
)
def test_logo_is_never_shown_larger(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert find_shown_size(*size) == shown
