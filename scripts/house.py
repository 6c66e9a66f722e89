"""Measure the house and hold it to its limits. Run it through ``scripts/house``.

A measure is a list of places, counted alone or for each 100 or 1,000 of something. ``LIMITS`` says what the
plan allows, and where we do not stand there yet, what nobody may pass on the way.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.measures import imports, names, shape
from scripts.measures.tree import Place, Tree, read_tree

ROOT = Path(__file__).resolve().parents[1]
CLEARLY_LOWER = 0.97


@dataclass(frozen=True)
class Measure:
    """One figure: its places, and what they are counted against."""

    name: str
    find: Callable[[Tree], Iterator[Place]]
    goal: float | None  # what the plan allows; None where it only asks for the figure
    today: float | None = None  # not reached yet: what it is now, and may not grow
    of: Callable[[Tree], int] | None = None
    each: int = 1

    @property
    def limit(self) -> float | None:
        return self.goal if self.today is None else self.today

    @property
    def unit(self) -> str:
        return {1: "", 100: " %", 1000: " in 1,000 lines"}[self.each]


# Where a measure comes down, write what it is now; where the goal is reached, take `today` away.
LIMITS = (
    Measure(f"files over {shape.FILE_LINES} lines", shape.find_long_files, 0),
    Measure(f"functions over {shape.FUNCTION_LINES} lines", shape.find_long_functions, 0),
    Measure("files named by no thing", shape.find_empty_file_names, 0),
    Measure("imports of a later area", imports.find_upward_imports, 0),
    Measure("circles of modules", imports.find_module_circles, 0),
    Measure("circles of packages", imports.find_package_circles, 0),
    Measure("imports inside functions", imports.find_imports_in_functions, 0),
    Measure("imports by string", imports.find_imports_by_string, 0),
    Measure("Any", shape.find_any, 5, of=Tree.count_program_lines, each=1000),
    Measure("casts and ignored types", shape.find_casts_and_ignores, None, today=49),
    Measure(
        "names that are a participle",
        names.find_participles,
        0.5,
        of=names.count_bindings,
        each=100,
    ),
    Measure("functions of one word", names.find_functions_of_one_word, 0),
    Measure(f"test names over {names.TEST_WORDS} words", names.find_long_test_names, 0),
    Measure("modules without a docstring", shape.find_undocumented_modules, 0),
    Measure(
        "public names without a docstring",
        shape.find_undocumented_names,
        None,
        today=2.5,
        of=shape.count_public_names,
        each=100,
    ),
    Measure(
        "template lines over 120 letters",
        shape.find_long_template_lines,
        1,
        of=shape.count_template_lines,
        each=100,
    ),
    Measure("formatter opt-outs", shape.find_opt_outs, 0),
)


@dataclass(frozen=True)
class Figure:
    """A measure taken in one tree."""

    measure: Measure
    places: list[Place]
    value: float

    @property
    def is_over(self) -> bool:
        limit = self.measure.limit
        return limit is not None and round(self.value, 2) > limit

    def describe(self) -> str:
        """Return the line that the report prints."""
        measure = self.measure
        number = f"{self.value:8.2f}" if measure.of else f"{self.value:5.0f}   "
        line = f"{measure.name:<36}{number}{measure.unit}"
        if measure.today is None:
            line += "" if measure.goal is None else f"   (at most {measure.goal:g})"
        elif measure.goal is None:
            line += f"   (at most {measure.today:g}: it must not grow)"
        else:
            line += f"   (not reached yet: at most {measure.today:g}, goal {measure.goal:g})"
        if measure.today is not None and self.value < measure.today * CLEARLY_LOWER:
            line += "; write the lower figure into scripts/house.py"
        return line + ("   FAILED" if self.is_over else "")


def take_figure(measure: Measure, tree: Tree) -> Figure:
    """Return one measure of the tree."""
    places = sorted(measure.find(tree), key=lambda place: (place.path, place.line, place.text))
    count = float(len(places))
    if measure.of is None:
        return Figure(measure, places, count)
    return Figure(measure, places, count * measure.each / max(measure.of(tree), 1))


def print_edges(tree: Tree) -> None:
    """Print which area imports which, a layer at a time, with the number of imports."""
    for layer, edges in sorted(imports.count_edges(tree).items()):
        print(f"areas of {layer}:")
        for area in imports.STEP:
            others = [f"{other} {count}" for (one, other), count in sorted(edges.items()) if one == area]
            if others:
                print(f"   {area} -> {', '.join(others)}")


def main(arguments: list[str], root: Path = ROOT, limits: tuple[Measure, ...] = LIMITS) -> int:
    """Print the figures; return 1 when one is over its limit."""
    if unknown := set(arguments) - {"--short"}:
        print(f"scripts/house knows only --short, not {' '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    is_short = bool(arguments)
    began_at = time.process_time()
    tree = read_tree(root)
    figures = [take_figure(measure, tree) for measure in limits]
    if not is_short:
        print_edges(tree)
    for figure in figures:
        print(figure.describe())
        if figure.is_over or not is_short:
            for place in figure.places:
                print(f"   {place}")
    over = [figure.measure.name for figure in figures if figure.is_over]
    print(f"{len(tree.sources)} files measured in {time.process_time() - began_at:.1f} s of the processor")
    if over:
        print(f"over the limit: {', '.join(over)}")
        return 1
    return 0


if __name__ == "__main__":
    gc.disable()  # it would walk a million nodes again and again and find nothing to free
    sys.exit(main(sys.argv[1:]))
