"""All pages about the bank: importing a module here puts its views on the one blueprint."""

from __future__ import annotations

from typing import Final

from donorhub.web import (
    bank_accounts,
    bank_entries,
    bank_files,
    bank_parts,
    bank_statements,
    bank_take_back,
    bank_wizard,
)
from donorhub.web.bank_blueprint import bp

VIEWS: Final = (
    bank_files,
    bank_take_back,
    bank_accounts,
    bank_statements,
    bank_wizard,
    bank_entries,
    bank_parts,
)
__all__ = ["VIEWS", "bp"]
