"""What a command shows before it does it: confirmed at the terminal, or by the digest of what was shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

import click

from donorhub.errors import Rejected

YES: Final = click.option("--yes", is_flag=True, help="Without showing first what would be done.")
DIGEST: Final = click.option(
    "--digest", default="", metavar="DIGEST", help="What was shown under this digest."
)
DIGITS: Final = 16  # of a digest that a person copies: more than chance ever repeats


def is_confirmed(digest: str, digest_given: str, show: Callable[[], None], question: str) -> bool:
    """Show what would be done, unless its digest was given, and return whether that is confirmed.

    Without a terminal to ask at, what was shown is not done, and the digest is printed.
    """
    digits = digest_given.strip().lower()
    if digits and len(digits) < DIGITS:
        raise Rejected(f"--digest has {DIGITS} digits", code="digest_short")
    if digits and digest.startswith(digits):
        return True
    show()
    if digits:
        click.echo("  that is not what was shown under this digest: nothing was done")
        return False
    if sys.stdin.isatty():
        return click.confirm(f"  {question}")
    click.echo(f"  nothing was done: --digest {digest[:DIGITS]} does exactly this, --yes without a look")
    return False
