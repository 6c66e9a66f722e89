"""What DonorHub said of a made-up organisation's money, counted against the truth of the generator."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MOST_EXAMPLES: Final = 12
_SHARES: Final = (  # part, whole, what it is, the least that is asked for
    ("auto, right donor and kind", "auto", "automatic: right donor and kind", 0.999),
    ("auto instalments right", "auto instalments", "automatic: right to the instalment", 0.995),
    ("recurring auto, year 1", "recurring, year 1", "recurring income automatic, first year", 0.90),
    ("recurring auto, year 2", "recurring, year 2", "recurring income automatic, second year", 0.95),
    ("family auto", "family", "family accounts after three confirmations", 0.90),
    ("change proposed", "change", "changes of amount proposed by the second payment", 0.95),
    ("new donor first", "new payer", "payer is new: a new donor stands first", 0.90),
    ("right donor first", "donor in base", "donor is there: the right one stands first", 0.95),
)
_NEVER: Final = (
    ("wrong: newcomer on a namesake", "newcomers on a namesake"),
    ("wrong: no gift as a gift", "sales, rents, courses as gifts"),
    ("missed though paid", "instalments missed though paid"),
    ("lapsed while paying", "promises lapsed or closed while money comes"),
)
MOST_WAITING: Final = 0.08


@dataclass(slots=True)
class Tally:
    """Counts, and the first few examples of what is wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, what: str, example: str = "") -> None:
        """Count one thing, and keep the first few of its kind to be looked at."""
        self.counts[what] += 1
        if example and len(self.examples[what]) < MOST_EXAMPLES:
            self.examples[what].append(example)

    def find_share(self, part: str, whole: str) -> float:
        """Return what share of the whole the part is; of nothing, all."""
        return self.counts[part] / self.counts[whole] if self.counts[whole] else 1.0

    def __str__(self) -> str:
        counts = [f"{self.counts[key]:7}  {key}" for key in sorted(self.counts)]
        examples = [f"{key}: {one}" for key, some in sorted(self.examples.items()) for one in some]
        return "\n".join([*counts, "", *examples])


@dataclass(slots=True)
class Figures(Tally):
    """A tally that knows what is asked of it."""

    def list_misses(self, floors: Mapping[str, float], most_waiting: float = MOST_WAITING) -> list[str]:
        """Return the goals that are not reached, each with its figure; ``floors`` stand, by the title, for
        those that are not reached yet.
        """
        misses = [
            f"{title}: {self.find_share(part, whole):.4f} < {floors.get(title, least)}"
            for part, whole, title, least in _SHARES
            if self.find_share(part, whole) < floors.get(title, least)
        ]
        misses += [f"{title}: {self.counts[key]}" for key, title in _NEVER if self.counts[key]]
        waiting = self.counts["waits, year 2"] / max(self.counts["money in, year 2"], 1)
        return misses + ([f"waits in the second year: {waiting:.4f}"] if waiting > most_waiting else [])

    def write_table(self) -> str:
        """Return the figures that are asked for, each with what it should be."""
        lines = [
            f"{self.find_share(part, whole):8.4f}  >= {least:<6} {title}"
            f" ({self.counts[part]} of {self.counts[whole]})"
            for part, whole, title, least in _SHARES
        ]
        lines += [f"{self.counts[key]:8}  == 0      {title}" for key, title in _NEVER]
        waiting = self.counts["waits, year 2"] / max(self.counts["money in, year 2"], 1)
        count, whole = self.counts["waits, year 2"], self.counts["money in, year 2"]
        lines.append(f"{waiting:8.4f}  <= {MOST_WAITING:<6} waits in the second year ({count} of {whole})")
        return "\n".join(lines)

    def __str__(self) -> str:
        return "\n".join([self.write_table(), "", Tally.__str__(self)])
