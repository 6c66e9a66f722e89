"""Icons: Tabler's drawings as they are vendored, inlined so that they take the text's colour."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

FOLDER: Final = Path(__file__).with_name("static") / "vendor" / "tabler"
_DRAWING: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_BACKGROUND: Final = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


@cache
def draw_icon(name: str) -> Markup:
    """Return the drawing of this name; it says nothing to a screen reader, so words stand beside it."""
    match = _DRAWING.search((FOLDER / f"{name}.svg").read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{name}.svg is no drawing")
    inner = " ".join(match.group(1).replace(_BACKGROUND, "").split())
    return Markup(  # noqa: S704  our own file, no one's text
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{inner}</svg>'
    )
