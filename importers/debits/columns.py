"""Which column of a bank's report of direct debits holds what: told by a person, or by its own sums.

A report is recognised by its footer: one reading only makes number and sum of the postings
those of the footer. What the sums do not tell is told by form (a day, an account number) or
left open; names and titles have no form, so they stay one text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from donorhub.money import Money, sum_money
from importers import iban
from importers.payment_list import read_day

Rows = Sequence[Sequence[str]]

_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}\.[0-9]{2}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_CODE: Final = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9/-]{3,35}", re.ASCII)
_NUMBER: Final = re.compile(r"(?:PL)?[0-9]{26}", re.ASCII)  # of a Polish account, wrong check digits too
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_MOST_KINDS: Final = 2  # of rows between header and footer: postings and returns
_ANY_CURRENCY: Final = "EUR"  # whichever it is: only to see whether the sums hold


@dataclass(frozen=True, slots=True)
class Columns:
    """Where one bank's report has what; columns count from 0, the record's type included.

    ``types`` maps what the bank writes first to ``header``, ``posting``, ``return`` or ``footer``.
    A return takes money out, whatever sign the bank gives its amount. The texts of ``texts``
    are the remittance where nothing tells names from titles.
    """

    types: Mapping[str, str]
    on: int
    amount: int
    mandate: int | None
    footer_count: int
    footer_sum: int
    payer_name: int | None = None
    payer_account: int | None = None
    own_account: int | None = None
    header_account: int | None = None  # our account in the header record, which goes before own_account
    title: int | None = None
    reason: int | None = None
    currency: str = "PLN"
    texts: tuple[int, ...] = ()


def find_columns(rows: Rows, currency: str = "PLN") -> Columns | None:
    """Return the columns of a report, where its footer proves them in one way, else None."""
    rows = [row for row in rows if any(row)]
    if len(rows) <= _MOST_KINDS:
        return None  # without postings there is nothing to tell
    header, *postings, footer = rows
    kinds = sorted({row[0].strip() for row in postings})
    if len(kinds) > _MOST_KINDS or {header[0].strip(), footer[0].strip()} & set(kinds):
        return None
    sums = set(_find_sums(postings, footer, kinds))
    days = _find_equal_column(
        postings, [at for at in _list_places(postings) if _all_have_form(postings, at, _is_day)]
    )
    if len(sums) != 1 or days is None:
        return None
    ((returns, amount, count, sum_),) = sums
    header_account = _find_only_place(
        [at for at, cell in enumerate(header) if _NUMBER.fullmatch(_tidy_account(cell))]
    )
    payer, own = _find_accounts(postings, None if header_account is None else header[header_account])
    codes = [at for at in _list_places(postings) if at not in (0, amount, days, payer, own)]
    mandate = _find_only_place([at for at in codes if _all_have_form(postings, at, _is_code)])
    texts = tuple(at for at in codes if at != mandate and any(_LETTERS.search(row[at]) for row in postings))
    kinds_of_rows = {kind: "return" if kind in returns else "posting" for kind in kinds}
    types = {header[0].strip(): "header", footer[0].strip(): "footer", **kinds_of_rows}
    return Columns(
        types,
        days,
        amount,
        mandate,
        count,
        sum_,
        payer_account=payer,
        own_account=own,
        header_account=header_account,
        currency=currency,
        texts=texts,
    )


def _find_sums(
    postings: Rows, footer: Sequence[str], kinds: Sequence[str]
) -> Iterator[tuple[frozenset[str], int, int, int]]:
    """Return each way in which the footer holds: kinds that are returns, places of amount, count and sum."""
    counts = [at for at, cell in enumerate(footer) if at and _COUNT.fullmatch(cell.strip())]
    sums = [at for at, cell in enumerate(footer) if at and _AMOUNT.fullmatch(cell.strip())]
    amounts = [at for at in _list_places(postings) if at and _all_have_form(postings, at, _is_amount)]
    amount = _find_equal_column(postings, amounts)
    choices = amounts if amount is None else [amount]
    kinds_of_returns = [frozenset[str](), *(frozenset((kind,)) for kind in kinds if len(kinds) > 1)]
    for returns, at in product(kinds_of_returns, choices):
        for only_paid in (False, True) if returns else (False,):
            some = [row for row in postings if not (only_paid and row[0].strip() in returns)]
            sum_of_postings = sum_money(
                (_read_signed_amount(row, at, returns) for row in some), _ANY_CURRENCY
            )
            count = next((c for c in counts if int(footer[c]) == len(some)), None)
            sum_ = next((s for s in sums if _read_money(footer[s]) == sum_of_postings), None)
            if count is not None and sum_ is not None:
                yield returns, at, count, sum_


def _read_signed_amount(row: Sequence[str], at: int, returns: frozenset[str]) -> Money:
    amount = _read_money(row[at])
    return -abs(amount) if row[0].strip() in returns else amount


def _read_money(text: str) -> Money:
    return Money.parse(text.strip(), _ANY_CURRENCY)


def _list_places(rows: Rows) -> range:
    """Return the columns that every row has."""
    return range(min(map(len, rows)))


def _all_have_form(rows: Rows, at: int, is_form: Callable[[str], bool]) -> bool:
    return all(is_form(row[at].strip()) for row in rows)


def _is_amount(text: str) -> bool:
    return _AMOUNT.fullmatch(text) is not None


def _is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def _is_day(text: str) -> bool:
    try:
        read_day(text)
    except ValueError:
        return False
    return True


def _is_account(text: str) -> bool:
    return iban.is_iban(_tidy_account(text))


def _find_only_place(places: Sequence[int]) -> int | None:
    return places[0] if len(places) == 1 else None


def _find_equal_column(rows: Rows, places: Sequence[int]) -> int | None:
    """Return the first of columns that say the same in every row; None when they differ or there is none."""
    if not places or any(len({row[at].strip() for at in places}) > 1 for row in rows):
        return None
    return places[0]


def _find_accounts(rows: Rows, header_account: str | None) -> tuple[int | None, int | None]:
    """Return the columns of the payers' accounts and of ours.

    Ours is what the header says. Without it, a column that is the same in all rows may be ours only
    beside one that is not: alone it is the payers', of whom there may be one.
    """
    places = [at for at in _list_places(rows) if _all_have_form(rows, at, _is_account)]
    if header_account is not None:
        ours = [
            at for at in places if {_tidy_account(row[at]) for row in rows} == {_tidy_account(header_account)}
        ]
        return _find_only_place([at for at in places if at not in ours]), _find_only_place(ours)
    if len(places) == 1:
        return places[0], None
    same = [at for at in places if len({_tidy_account(row[at]) for row in rows}) == 1]
    others = [at for at in places if at not in same]
    return _find_only_place(others), _find_only_place(same) if len(others) == 1 else None


def _tidy_account(text: str) -> str:
    return iban.complete_nrb(iban.remove_blanks(text))
