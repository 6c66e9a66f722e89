"""Addresses as every door judges them: by their form, without asking anybody."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email


def is_email(address: str) -> bool:
    """Return whether this could be somebody's e-mail address; names reserved for tests count as domains."""
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True
