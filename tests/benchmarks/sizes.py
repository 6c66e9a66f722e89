"""How large a benchmark's work is, as its arguments say."""

from __future__ import annotations

from collections.abc import Sequence


def read_size(arguments: Sequence[str], *, quick: int, full: int) -> int:
    """Return the number that stands among the arguments, else ``quick`` with ``--quick``, else ``full``."""
    numbers = [int(argument) for argument in arguments if argument != "--quick"]
    return numbers[0] if numbers else quick if "--quick" in arguments else full
