"""What a person said in the mapping wizard, out of the fields of its form; what means nothing is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar, get_args
from urllib.parse import parse_qsl, urlencode

from donorhub.web.form_values import read_whole_number
from importers.sheet import Delimiter
from importers.table.answers import Answers, Debits, Fees, Sense, Side, Sign, Standing
from importers.table.words import ROLES, Role
from importers.text import DATE_ORDERS

PROPOSALS_FIELD: Final = "seen"  # the field that says what the others held when the page was made
AMOUNT_AT: Final = "amount_at"  # the field that answers which column is the amount
_ROLE: Final = "role"
_WORD: Final = "word:"
_STATE: Final = "state:"

Choice = TypeVar("Choice", bound=str)


def write_seen(proposals: Iterable[tuple[str, str]]) -> str:
    """Return fields and what the page itself proposed for them, as the text of one field."""
    return urlencode(list(proposals))


def drop_proposals(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields without those that still hold what the page proposed: nobody said that.

    A browser sends every field. What was inferred is inferred anew, since an answer may change it.
    """
    proposals = dict(parse_qsl(fields.get(PROPOSALS_FIELD, ""), keep_blank_values=True))
    return {
        name: value
        for name, value in fields.items()
        if name != PROPOSALS_FIELD and proposals.get(name) != value
    }


def read_answers(fields: Mapping[str, str]) -> Answers:
    """Return the answers in a form: facts by name, ``role0``, ``role1`` …, ``word:<word>``,
    ``state:<word>``.
    """
    delimiters: tuple[Delimiter, ...] = get_args(Delimiter)
    signs: tuple[Sign, ...] = get_args(Sign)
    senses: tuple[Sense, ...] = get_args(Sense)
    debits: tuple[Debits, ...] = get_args(Debits)
    fees: tuple[Fees, ...] = get_args(Fees)
    return Answers(
        encoding=fields.get("encoding", ""),
        delimiter=_choose_value(fields.get("delimiter"), delimiters) or "",
        header_line=read_whole_number(fields.get("header_line", "")),
        date_order=_choose_value(fields.get("date_order"), DATE_ORDERS) or "",
        decimal=_choose_value(fields.get("decimal"), signs) or "",
        amounts=_choose_value(fields.get("amounts"), senses) or "",
        debits=_choose_value(fields.get("debits"), debits) or "",
        fees=_choose_value(fields.get("fees"), fees) or "",
        currency=fields.get("currency", ""),
        basis=fields.get("basis", ""),
        roles=_read_roles(fields),
        directions=_read_words(fields, _WORD, get_args(Side)),
        statuses=_read_words(fields, _STATE, get_args(Standing)),
    )


def _choose_value(value: str | None, choices: tuple[Choice, ...]) -> Choice | None:
    return next((choice for choice in choices if choice == value), None)


def _read_words(fields: Mapping[str, str], prefix: str, choices: tuple[Choice, ...]) -> dict[str, Choice]:
    words = {}
    for name, value in fields.items():
        choice = _choose_value(value, choices) if name.startswith(prefix) else None
        if choice is not None:
            words[name.removeprefix(prefix)] = choice
    return words


def _read_roles(fields: Mapping[str, str]) -> dict[int, Role | None]:
    roles: dict[int, Role | None] = {}
    for name, value in fields.items():
        position = read_whole_number(name.removeprefix(_ROLE)) if name.startswith(_ROLE) else None
        if position is not None and (not value or value in ROLES):
            roles[position] = _choose_value(value, tuple(ROLES))
    amount_at = read_whole_number(fields.get(AMOUNT_AT, ""))
    return roles | ({amount_at: "amount"} if amount_at is not None else {})
