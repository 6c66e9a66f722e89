"""The pages there are: one blueprint a noun. A new page is a module and a line here."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

from donorhub.web import dashboard

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (dashboard.bp,)
