"""All pages about the bank: importing a module here puts its views on the one blueprint."""

from __future__ import annotations

from typing import Final

from donorhub.web.bank import (
    accounts,
    certain,
    entries,
    files,
    looks,
    old_gifts,
    parts,
    payer,
    payers,
    questions,
    rows,
    same_gifts,
    sent_files,
    statements,
    take_back,
    wizard,
)
from donorhub.web.bank.blueprint import bp

VIEWS: Final = (
    files,
    sent_files,
    old_gifts,
    take_back,
    accounts,
    statements,
    wizard,
    rows,
    same_gifts,
    entries,
    certain,
    questions,
    parts,
    payers,
    looks,
    payer,
)
__all__ = ["VIEWS", "bp"]
