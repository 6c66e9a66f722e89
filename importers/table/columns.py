"""Propose a role for each column of a table that is cut into header and rows, and make a layout of them.

A role comes from a person, from the layout of the last time, from the running balance, or from
names and cells. What the layout leaves open is for ``proof`` to settle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from importers.codes import Ground, Reason
from importers.folding import fold_text, fold_word
from importers.sheet import Delimiter, Row, UnreadableTable
from importers.table.amounts import has_fees
from importers.table.answers import Side, Standing
from importers.table.detect import (
    LOOKED_AT,
    MONEY_ROLES,
    ONE_COLUMN,
    Detection,
    Guess,
    guess_by_names,
    list_money_places,
)
from importers.table.layout import Column, FactPlace, Layout
from importers.table.money_columns import find_proved_roles, stand_apart
from importers.table.placing import parse_account
from importers.table.proof import settle_layout
from importers.table.reading import AnySheet
from importers.table.words import MONEY_IN, MONEY_OUT, NOT_BOOKED, Role
from importers.text import find_decimal_signs

_SAMPLES: Final = 3
_MOST_COLUMNS: Final = 60
_MOST_WORDS: Final = 8
_BY_CELLS: Final[Reason[Ground]] = Reason("cells")
_BY_BEFORE: Final[Reason[Ground]] = Reason("before")


Proposal = tuple[Role | None, Reason[Ground]]


@dataclass(frozen=True, slots=True)
class Cut:
    """A table cut into its header and the rows below it that are as wide as most."""

    sheet: AnySheet
    delimiter: Delimiter
    head: tuple[Row, ...]
    header: Row | None
    body: tuple[Row, ...]
    detection: Detection

    @property
    def first(self) -> int:
        """The line of the first entry."""
        return self.body[0].line if self.body else 1


def cut_table(sheet: AnySheet, delimiter: Delimiter, detection: Detection, header_line: int | None) -> Cut:
    """Cut a table at a header: the one a person named, else the one detected; a line of none is none."""
    head = tuple(sheet.read_head(LOOKED_AT))
    line = detection.header_line if header_line is None else header_line
    header = next((row for row in head if row.line == line), None)
    return Cut(sheet, delimiter, head, header, _find_body(head, header), detection)


def _find_body(head: Sequence[Row], header: Row | None) -> tuple[Row, ...]:
    start = header.line if header else 0
    rows = [row for row in head if row.line > start and len(row.cells) > 1]
    if not rows:
        return ()
    width = Counter(len(row.cells) for row in rows).most_common(1)[0][0]
    return tuple(row for row in rows if len(row.cells) >= width)


# ---------------------------------------------------------------- roles


def propose_columns(cut: Cut, before: Layout | None) -> tuple[Guess, ...]:
    """Return each column of a table with the role it seems to have, as in ``before`` where that names it."""
    names = len(cut.header.cells) if cut.header else 0
    width = min(max([len(row.cells) for row in cut.body] + [names]), _MOST_COLUMNS)
    proposals = _propose_roles(cut, width, before)
    columns = [_make_guess(cut, at, proposals.get(at, (None, _BY_CELLS))) for at in range(width)]
    return _leave_out_fees_apart(cut, _find_balance(cut, _prove_money(cut, columns)))


def _prove_money(cut: Cut, columns: list[Guess]) -> list[Guess]:
    """Return the columns with money where the balances prove it; what was said the last time stays.

    A reading that they prove goes before every guess by names.
    """
    if any(column.reason == _BY_BEFORE for column in columns):
        return columns
    rows = [row.cells for row in cut.detection.body if len(row.cells) >= len(columns)]
    proved_roles = find_proved_roles(rows, list_money_places(columns, rows))
    money = MONEY_ROLES | {"balance"}
    if all(columns[at].role == role for at, role in proved_roles.items()):
        return columns
    trial = [
        replace(column, role=proved_roles[column.position], reason=Reason("proof"))
        if column.position in proved_roles
        else replace(column, role=None, reason=Reason("name_silent"))
        if column.role in money or column.reason.code == "maybe_amount"
        else column
        for column in columns
    ]
    return trial if _is_proved(cut, trial) else columns


def _propose_roles(cut: Cut, width: int, before: Layout | None) -> dict[int, Proposal]:
    proposals: dict[int, Proposal] = {}
    detection = cut.detection
    if detection.columns and detection.header_line == (cut.header.line if cut.header else 0):
        proposals = {guess.position: (guess.role, guess.reason) for guess in detection.columns}
    elif cut.header:
        proposals.update(guess_by_names(cut.header, width))
    if before is not None:
        proposals = _join_proposals(proposals, _repeat_roles(before, cut.header, width))
    return proposals


def _join_proposals(
    guesses: dict[int, Proposal], remembered_proposals: dict[int, Proposal]
) -> dict[int, Proposal]:
    """Return what is remembered, and guesses for the other columns: none for money that has its column."""
    roles = {role for role, _ in remembered_proposals.values()}
    roles |= MONEY_ROLES if roles & MONEY_ROLES else set()
    proposals = dict(guesses)
    for at, (role, _) in guesses.items():
        if role is not None and role in ONE_COLUMN & roles:
            proposals[at] = None, Reason("taken", {"role": role})
    return proposals | remembered_proposals


def _repeat_roles(before: Layout, header: Row | None, width: int) -> dict[int, Proposal]:
    """Return the role that each column had the last time: none for one that was left out."""
    places = {column.position: column.role for column in before.columns if column.position is not None}
    if header is None:
        return {} if before.header else {at: (places.get(at), _BY_BEFORE) for at in range(width)}
    roles = {(fold_text(column.name), column.nth): column.role for column in before.columns if column.name}
    known_names = {*map(fold_text, before.header), *(name for name, _ in roles)}
    proposals: dict[int, Proposal] = {}
    count_by_name: Counter[str] = Counter()
    for at, cell in enumerate(header.cells):
        name = fold_text(cell)
        role = roles.get((name, count_by_name[name])) or (None if name else places.get(at))
        count_by_name[name] += 1
        if role or name in known_names:
            proposals[at] = (role, _BY_BEFORE)
    return proposals


def _make_guess(cut: Cut, at: int, proposal: Proposal) -> Guess:
    name = cut.header.cells[at].strip() if cut.header and at < len(cut.header.cells) else ""
    samples = tuple(row.cells[at].strip() if at < len(row.cells) else "" for row in cut.body[:_SAMPLES])
    return Guess(at, name, *proposal, samples)


def _find_balance(cut: Cut, columns: Sequence[Guess]) -> tuple[Guess, ...]:
    """Return the columns with the balance in them.

    A column that nothing names is the balance if each of its amounts follows from the one before.
    """
    roles = {column.role for column in columns}
    if "balance" not in roles and roles & {"amount", "debit", "credit"} and cut.body:
        for at, column in enumerate(columns):
            if (
                column.role
                or column.reason == _BY_BEFORE
                or not all(text and find_decimal_signs((text,)) for text in column.samples)
            ):
                continue
            trial = (
                *columns[:at],
                replace(column, role="balance", reason=Reason("proof")),
                *columns[at + 1 :],
            )
            if _is_proved(cut, trial):
                return trial
    return tuple(columns)


def _leave_out_fees_apart(cut: Cut, columns: tuple[Guess, ...]) -> tuple[Guess, ...]:
    """Return the columns without the fees, where each of them stands in a row of its own as well.

    The balance must prove the amounts without them.
    """
    at = {column.role: column.position for column in columns if column.role}
    if "fee" not in at or "amount" not in at or any(column.reason == _BY_BEFORE for column in columns):
        return columns
    if not stand_apart([(row.cells[at["amount"]], row.cells[at["fee"]]) for row in cut.body]):
        return columns
    trial = tuple(
        replace(column, role=None, reason=Reason("fees_apart")) if column.role == "fee" else column
        for column in columns
    )
    return trial if _is_proved(cut, trial) else columns


def _is_proved(cut: Cut, columns: Sequence[Guess]) -> bool:
    try:
        return settle_layout(
            cut.sheet, compose_layout(cut, columns), place_roles(columns), cut.first
        ).is_proved
    except UnreadableTable:
        return False


def choose_roles(columns: Iterable[Guess], roles: Mapping[int, Role | None]) -> tuple[Guess, ...]:
    """Return the columns with a person's roles; a column that was left as proposed keeps its reason."""
    return tuple(
        replace(column, role=roles[column.position], reason=Reason("person"))
        if column.position in roles and roles[column.position] != column.role
        else column
        for column in columns
    )


def place_roles(columns: Iterable[Guess]) -> list[tuple[int, Role | None]]:
    """Return the role at each position."""
    return [(column.position, column.role) for column in columns]


# ---------------------------------------------------------------- the layout


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the words of the direction column and of the status column say, in the order of the file."""

    directions: Mapping[str, Side]
    statuses: Mapping[str, Standing]


NO_WORDS: Final = Meanings({}, {})


def read_words(
    cut: Cut,
    columns: Sequence[Guess],
    directions: Mapping[str, Side],
    statuses: Mapping[str, Standing],
    before: Layout | None,
) -> Meanings:
    """Return what each word of a direction or status column means, by the vocabulary or a person."""
    ins, outs = set(MONEY_IN), set(MONEY_OUT)
    waiting = set(map(fold_text, NOT_BOOKED))
    if before is not None:
        ins.update(map(fold_word, before.money_in))
        outs.update(map(fold_word, before.money_out))
        waiting.update(map(fold_text, before.pending_words))
    sides: dict[str, Side] = {}
    for word in _find_words(cut, columns, "direction"):
        side: Side = "in" if fold_word(word) in ins else "out" if fold_word(word) in outs else ""
        sides[word] = directions.get(word, side)
    standings: dict[str, Standing] = {}
    for word in _find_words(cut, columns, "status"):
        standings[word] = statuses.get(word, "waits" if fold_text(word) in waiting else "booked")
    return Meanings(sides, standings)


def _find_words(cut: Cut, columns: Iterable[Guess], role: Role) -> list[str]:
    at = next((column.position for column in columns if column.role == role), None)
    if at is None:
        return []
    cells = (row.cells[at].strip() for row in cut.body if at < len(row.cells))
    return list(dict.fromkeys(cell for cell in cells if cell))[:_MOST_WORDS]


def compose_layout(
    cut: Cut, columns: Sequence[Guess], meanings: Meanings = NO_WORDS, account: FactPlace | None = None
) -> Layout:
    """Return what is certain of the layout; empty text is for ``settle_layout`` to find."""
    names = tuple(cell.strip() for cell in cut.header.cells if fold_text(cell)) if cut.header else ()
    return Layout(
        name="",
        columns=tuple(_place_columns(columns, is_named=cut.header is not None)),
        header=names,
        exact=True,
        encoding="",  # found anew in each file: a bank's own change of it harms nothing
        delimiter=cut.delimiter,
        first_row=1 if names else cut.first,
        amounts="" if has_unsure_sense(columns) else "signed",
        money_in=tuple(word for word, side in meanings.directions.items() if side == "in"),
        money_out=tuple(word for word, side in meanings.directions.items() if side == "out"),
        pending_words=_find_pending_words(columns, meanings.statuses),
        debits=_find_sign(cut.detection, columns, "debit"),
        fee_sign=_find_sign(cut.detection, columns, "fee"),
        found=(account,) if account else (),
    )


def has_unsure_sense(columns: Iterable[Guess]) -> bool:
    """Return whether these columns leave open which amounts are money in."""
    roles = {column.role for column in columns}
    return "amount" in roles and "direction" not in roles


def _place_columns(columns: Iterable[Guess], *, is_named: bool) -> Iterable[Column]:
    names: Counter[str] = Counter()
    for column in columns:
        name = fold_text(column.header)
        if column.role:
            by_name = is_named and bool(name)
            yield Column(
                column.role,
                name=column.header if by_name else "",
                position=None if by_name else column.position,
                nth=names[name] if by_name else 0,
            )
        names[name] += 1


def _find_pending_words(columns: Iterable[Guess], statuses: Mapping[str, Standing]) -> tuple[str, ...]:
    """Return what marks a row as no booked money: words of this file, and known ones that the next may
    have.
    """
    if all(column.role != "status" for column in columns):
        return ()
    here = set(map(fold_text, statuses))
    waiting = (word for word, standing in statuses.items() if standing == "waits")
    return (*waiting, *(word for word in NOT_BOOKED if fold_text(word) not in here))


def _find_sign(detection: Detection, columns: Iterable[Guess], role: Role) -> Literal["positive", "negative"]:
    """Return how most cells of a column of money that goes out write it."""
    at = next((guess.position for guess in columns if guess.role == role), None)
    cells = [
        row.cells[at].strip()
        for row in detection.body
        if at is not None and at < len(row.cells) and has_fees([row.cells[at]])
    ]
    return "negative" if sum("-" in cell for cell in cells) * 2 > len(cells) else "positive"


def find_account(cut: Cut) -> tuple[str, FactPlace] | None:
    """Return our account where the lines above the table name it, and how the next file's is to be found."""
    for number, row in enumerate(cut.head[: cut.header.line if cut.header else 0], 1):
        for at, cell in enumerate(row.cells):
            before, colon, after = cell.partition(":")
            label = before if colon else (row.cells[at - 1] if at else "")
            account, scheme = parse_account(after if colon else cell)
            if account and scheme == "iban":
                if fold_text(label):
                    return account, FactPlace("account", labels=(label.strip().rstrip(":"),))
                return account, FactPlace("account", row=number, column=at + 1)
    return None
