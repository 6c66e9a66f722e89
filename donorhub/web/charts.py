"""Stacked bars as plain SVG values: where each rectangle stands. The template draws, no script is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 210
LEFT_EDGE: Final = 76
TOP: Final = 10
FLOOR: Final = HEIGHT - 24
LINES: Final = 4
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Part:
    x: float
    y: float
    width: float
    height: float
    series: int  # 1 is the first


@dataclass(frozen=True, slots=True)
class Bar:
    middle: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, float], ...]  # (y, value) of each rule


@dataclass(frozen=True, slots=True)
class Area:
    """Where the bars of a chart stand."""

    width: int
    left_edge: int
    floor: int


LARGE: Final = Area(WIDTH, LEFT_EDGE, FLOOR)  # with a scale beside it
SMALL: Final = Area(width=340, left_edge=0, floor=126)


def make_chart(columns: Sequence[Sequence[float]], area: Area = LARGE) -> Chart:
    """Return bars of parts that are not negative; a part below nothing is drawn as nothing."""
    columns = [[max(0.0, value) for value in column] for column in columns]
    step = _choose_step(max((sum(column) for column in columns), default=0) / LINES)
    scale = (area.floor - TOP) / (step * LINES)
    width = (area.width - area.left_edge) / max(1, len(columns))
    bars = tuple(
        _make_bar(column, area.left_edge + width * place, width, scale, area.floor)
        for place, column in enumerate(columns)
    )
    lines = tuple((round(area.floor - step * line * scale, 1), step * line) for line in range(LINES + 1))
    return Chart(bars, lines)


def _make_bar(column: Sequence[float], start: float, width: float, scale: float, floor: int) -> Bar:
    parts, y = [], float(floor)
    for series, value in enumerate(column, 1):
        height = value * scale
        y -= height
        if height > 0:
            parts.append(
                Part(
                    round(start + width * 0.18, 1),
                    round(y, 1),
                    round(width * 0.64, 1),
                    round(height, 1),
                    series,
                )
            )
    return Bar(round(start + width / 2, 1), tuple(parts))


def _choose_step(least: float) -> float:
    """Return a round number, at least so large: 1, 2, 2.5 or 5 times a power of ten."""
    if least <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(least))) - 1) if least >= 1 else 1.0
    return next(factor * power for factor in _STEPS if factor * power >= least)
