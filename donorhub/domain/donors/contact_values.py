"""What a contact point says (an e-mail, phone, postal address or account), and when two say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from donorhub.domain.donors.identity import normalise_email, normalise_phone

ContactKind = Literal["email", "phone", "post", "account"]


@dataclass(frozen=True, slots=True)
class ContactValue:
    """One value of a contact point; a postal address has its parts too."""

    kind: ContactKind
    value: str
    street: str = ""
    postcode: str = ""
    town: str = ""
    country: str = ""

    def make_comparable(self) -> str:
        """Return the text that equal ones have in common; what is no e-mail or phone, as it is written."""
        if self.kind == "email" and "@" in self.value:
            return normalise_email(self.value)
        if self.kind == "phone" and (number := normalise_phone(self.value)):
            return number
        if self.kind == "account":
            return "".join(self.value.split()).upper()
        if self.kind == "post":
            return "|".join(_fold_spaces(part) for part in self._list_parts())
        return _fold_spaces(self.value)

    def adds_to(self, earlier: ContactValue) -> bool:
        """Return whether this is an earlier postal address with more of it known, and nothing else."""
        pairs = list(zip(self._list_parts(), earlier._list_parts(), strict=True))
        return self.kind == "post" and all(now == before or not before for now, before in pairs)

    def _list_parts(self) -> tuple[str, str, str, str]:
        return self.street, self.postcode, self.town, self.country


def make_postal_value(street: str, postcode: str, town: str, country: str) -> ContactValue | None:
    """Return a postal address in one line and in its parts; None without street, postcode and town."""
    if not (street or postcode or town):
        return None
    place = " ".join(part for part in (postcode, town) if part)
    line = ", ".join(part for part in (street, place, country) if part)
    return ContactValue("post", line, street, postcode, town, country)


def make_value(kind: ContactKind, text: str) -> ContactValue | None:
    """Return an e-mail, phone or account; None for an empty text."""
    return ContactValue(kind, text) if text else None


def _fold_spaces(text: str) -> str:
    return " ".join(text.casefold().split())
