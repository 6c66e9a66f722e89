"""What is said of files of donors and past gifts: answers, and questions and reasons in English for programs.

Pages put the same sentences through their catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import fields

from donorhub.domain.moving.writings import QuestionCode
from donorhub.schemas.fields import Choice, Currency, Line, StrictSchema
from donorhub.schemas.limits import DIGEST

QUESTIONS: Final[Mapping[QuestionCode, str]] = {
    "unnamed": "The columns have no names: say whether each holds what it seems to.",
    "periods": "The file has a column a year: say whether each sum is brought as one gift.",
    "year": "Say in which year the first month of this sheet lies.",
    "crosses": "Some cells below a month hold a cross: say whether each is the amount of this column.",
    "name_column": "Say which column holds the names.",
    "amount_column": "Say which column holds the amount of the gift.",
    "date_column": "Say which column holds the day of the gift.",
    "date_order": "All days are 12 or less: say which comes first in a date.",
    "date_contradicts": "The days of this column are written in two ways: say which is meant.",
    "month_day": "Some money is of a month or a longer time: say which day of it counts.",
    "decimal": "Say which sign begins the decimals.",
    "decimal_contradicts": "The amounts are written in two ways: say which sign begins the decimals.",
    "currency": "Say in which currency the amounts are.",
    "pairs": "Some cells name two people: say whether they are two donors or one.",
    "hidden": "The file has hidden rows or sheets: say whether they are brought.",
    "fund": "Nobody knows these funds: say for each whether it is made, is another one, or none.",
    "campaign": "Nobody knows these campaigns: say for each whether it is made, is another one, or none.",
    "missing_files": "Bring these files first, or say there are none: they hold whom nobody may write to.",
}
REASONS: Final[Mapping[str, str]] = {
    "error_value": "a cell holds an error",
    "formula_without_value": "a cell holds a formula that was never computed",
    "lost_digits": "the spreadsheet lost digits of a number",
    "unreadable_amount": "the amount cannot be read",
    "no_amount": "there is no amount",
    "cross": "a cross tells no amount",
    "negative_amount": "the amount is negative, which is no gift",
    "zero_amount": "the amount is nothing",
    "no_currency": "the amount has no currency",
    "unknown_currency": "the currency is none, or two differ",
    "currency_ended": "there was no such currency any more on that day",
    "unreadable_date": "the day cannot be read",
    "no_date": "there is no day",
    "month_only": "the day is a month only",
    "future_date": "the day is in the future",
    "unreadable_email": "the e-mail address is none",
    "unreadable_account": "the account number is wrong",
    "unreadable_national_id": "the personal number is wrong",
    "unreadable_tax_number": "the tax number is wrong",
    "unclear_birth_date": "the date of birth is not whole, with four digits of its year, or impossible",
    "unclear_word": "the answer is neither yes nor no",
    "unreadable_number": "a number cannot be read, or has too many decimals",
    "unknown_option": "it is none of the options of the field",
    "text_too_long": "the text is too long for the field",
    "unknown_person": "nobody is here who has this number, and there is no name",
    "no_name": "there is no name",
    "name_alone": "it holds a name and nothing else: a title, or somebody without a gift",
    "unclear_status": "the status is not known",
    "not_received": "the money never came",
    "taken_back": "the money was given back",
    "money_out": "the money left, and is no gift",
    "soft_credit": "it credits somebody with another's gift, and is no money",
    "unknown_credited": "nobody is here who has this number and is recognised for the gift",
    "fund_shares": "the shares of the funds do not add up to the gift",
    "by_person": "left out by a person",
    "same_person": "another row of the same person",
    "adds_to_donor": "adds to a donor who is here",
    "adds_to_gift": "fills in fields of a gift that is here",
    "changes_gift": "changes fields of a gift that is here, as you said",
    "gift_value_differs": "fields of this gift say something else here than in the file",
    "nothing_new": "the donor is here, and nothing is new",
    "recognised": "it recognises somebody for another's gift, and is no money",
    "gift_missing": "the gift for which it recognises somebody is not here",
    "imported_before": "brought by an earlier file",
    "twice_in_file": "the same gift stands above",
    "id_twice": "the same id stands above with another amount",
    "gift_differs": "the gift of this id has another amount or day here",
    "gift_changed": "it looks like a gift of an earlier file whose amount or day was another",
    "already_here": "the same money is here from another source",
}


class RecordAnswersSchema(StrictSchema):
    """What a file of donors and gifts does not tell itself; empty text: find it out."""

    system = Line(40, metadata={"description": "Where it comes from: files of one system know each other"})
    preset = Line(40, metadata={"description": "The kind of file; `none` for a table of no known kind"})
    kind = Choice(("people", "gifts"))
    columns = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "Fields by position, from 0"}
    )
    custom = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Of columns that are `custom` or `gift_custom`: the key of the field"},
    )
    date_order = Choice(("ymd", "dmy", "mdy"))
    unnamed = Choice(("right",))
    periods = Choice(("gifts", "columns"))
    years = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "Of the first month of a sheet that tells none, by the sheet's name"},
    )
    crosses = Choice(("declared", "leave"))
    month_day = Choice(("first", "last"))
    decimal = Choice((",", "."))
    currency = Currency()
    phone_country = Line(2)
    pairs = Choice(("one", "two"))
    same_name = Choice(("apart", "one"))
    hidden = Choice(("bring", "leave"))
    missing_files = Choice(("none",))
    same_money = Choice(("same", "another"))
    gift_values = Choice(
        ("keep", "change"),
        metadata={"description": "Of gifts here whose added fields say something else than the file"},
    )
    funds = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "new, none, or an id"}
    )
    campaigns = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "new, none, or an id"}
    )
    rows = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String()),
        metadata={"description": "By `key` of a row: `cells` by position, `is_left_out`, `is_another_gift`"},
    )
    overwrite = fields.List(fields.String(), metadata={"description": "Fields of donors that it changes"})


class ConfirmedDigestSchema(StrictSchema):
    """The digest of what was shown."""

    digest = Line(
        DIGEST, required=True, metadata={"description": "Of what was shown: exactly that, or nothing"}
    )


def write_reason(code: str) -> str:
    """Return why a row is what it is."""
    return REASONS.get(code, code)
