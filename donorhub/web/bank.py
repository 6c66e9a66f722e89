"""All pages about the bank: importing a module here puts its views on the one blueprint."""

from __future__ import annotations

from typing import Final

from donorhub.web import bank_accounts, bank_entries, bank_files, bank_statements, bank_wizard
from donorhub.web.bank_blueprint import bp

VIEWS: Final = (bank_files, bank_entries, bank_accounts, bank_statements, bank_wizard)
__all__ = ["VIEWS", "bp"]
