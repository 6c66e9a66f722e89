"""What the numbers of the large base mean: a row's number decides its names and its state.

So the rows that hang on an entry can be told by the same number: one in a hundred waits, a fifth is no gift,
the rest is matched.
"""

from __future__ import annotations

from typing import Final

from tests.queries.large_base import FIRST

AGO: Final = "((i * 1009) % 3650)"  # ten years, in no order
ID: Final = f"{FIRST} + i"
GIVEN_NAMES: Final = tuple("Anna Jan Zofia Piotr Maria Agim Arta Besnik Ewa Adam Luan".split())
FAMILY_NAMES: Final = tuple(
    "Kowalska Nowak Mazur Wilk Hoxha Krasniqi Lewandowska Sikora Gashi"
    " Baran Pawlak Berisha Duda Kubiak Shehu Jankowska Kelmendi".split()
)
ENTRY_STATE: Final = (
    "CASE WHEN i % 100 = 7 THEN 'suspense' WHEN i % 1000 = 9 THEN 'doubtful'"
    " WHEN i % 5 = 2 THEN 'not_gift' ELSE 'matched' END"
)
TASK_STATE: Final = (
    "CASE WHEN i % 100 = 0 OR i % 1000 = 1 THEN 'planned' WHEN i % 5000 = 3 THEN 'dead'"
    " WHEN i % 5000 = 5 THEN 'failed' WHEN i % 50 = 6 THEN 'cancelled' ELSE 'done' END"
)


def pick_name(names: tuple[str, ...], number: str) -> str:
    """Return the SQL that gives one of the names for a number."""
    cases = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(names))
    return f"CASE {number} % {len(names)} {cases} END"
