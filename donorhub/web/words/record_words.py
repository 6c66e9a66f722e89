"""Files of donors and past gifts in the reader's words: fields, questions, answers, states and reasons."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

from donorhub.domain.moving.field_words import Field
from donorhub.domain.moving.writings import QuestionCode
from donorhub.models.states import ImportFileState, RecordRowState
from donorhub.web.words.labels import Words

FIELDS: Final[Words[Field]] = {
    "full_name": lazy_gettext("Full name"),
    "given_name": lazy_gettext("Given name"),
    "family_name": lazy_gettext("Family name"),
    "organisation": lazy_gettext("Organisation"),
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "address": lazy_gettext("Whole address"),
    "street": lazy_gettext("Street and number"),
    "postcode": lazy_gettext("Postcode"),
    "city": lazy_gettext("Town"),
    "country": lazy_gettext("Country"),
    "tax_number": lazy_gettext("Tax number"),
    "national_id": lazy_gettext("Personal number (tells people apart, is not kept)"),
    "account": lazy_gettext("Bank account of the donor"),
    "lang": lazy_gettext("Language"),
    "note": lazy_gettext("Note"),
    "person_id": lazy_gettext("Number of the donor there"),
    "consent": lazy_gettext("Consent (a no counts)"),
    "no_contact": lazy_gettext("No contact"),
    "no_email": lazy_gettext("No e-mail"),
    "deceased": lazy_gettext("Deceased"),
    "amount": lazy_gettext("Amount of the gift"),
    "currency": lazy_gettext("Currency"),
    "received_on": lazy_gettext("Day of the gift"),
    "method": lazy_gettext("Method"),
    "title": lazy_gettext("Text of the gift"),
    "fund": lazy_gettext("Fund"),
    "campaign": lazy_gettext("Campaign"),
    "status": lazy_gettext("Status of the payment"),
    "receipt_no": lazy_gettext("Number of a receipt issued before"),
    "gift_id": lazy_gettext("Number of the gift there"),
    "row_no": lazy_gettext("Row number"),
    "left_out": lazy_gettext("left out"),
}
QUESTIONS: Final[Words[QuestionCode]] = {
    "name_column": lazy_gettext("Which column holds the names? Choose it below."),
    "amount_column": lazy_gettext("Which column holds the amount of the gift? Choose it below."),
    "date_column": lazy_gettext("Which column holds the day of the gift? Choose it below."),
    "date_order": lazy_gettext("All days are 12 or less: what comes first in a date?"),
    "date_contradicts": lazy_gettext("The days are written in two ways: what comes first in a date?"),
    "month_day": lazy_gettext("Some cells name a month only: which day stands for it?"),
    "decimal": lazy_gettext("Which sign begins the decimals?"),
    "decimal_contradicts": lazy_gettext("Amounts are written in two ways: which sign begins the decimals?"),
    "currency": lazy_gettext("In which currency are the amounts?"),
    "pairs": lazy_gettext("Some cells name two people: are they two donors, or one?"),
    "hidden": lazy_gettext("The file has hidden rows or sheets: are they brought?"),
    "fund": lazy_gettext("Nobody knows these funds yet: what becomes of each?"),
    "campaign": lazy_gettext("Nobody knows these campaigns yet: what becomes of each?"),
}
CHOICES: Final[Words[str]] = {
    "dmy": lazy_gettext("day, month, year"),
    "mdy": lazy_gettext("month, day, year"),
    "ymd": lazy_gettext("year, month, day"),
    "first": lazy_gettext("the first of the month"),
    "last": lazy_gettext("the last of the month"),
    ",": lazy_gettext("the comma: 1.234,50"),
    ".": lazy_gettext("the point: 1,234.50"),
    "two": lazy_gettext("two donors; the gift is the first one's"),
    "one": lazy_gettext("one donor, named as it is written"),
    "bring": lazy_gettext("yes, bring them"),
    "leave": lazy_gettext("no, leave them out"),
}
STATES: Final[Words[RecordRowState]] = {
    "made": lazy_gettext("new"),
    "joined": lazy_gettext("adds to somebody"),
    "known": lazy_gettext("here already"),
    "held": lazy_gettext("held"),
    "left_out": lazy_gettext("left out"),
}
FILE_STATES: Final[Words[ImportFileState]] = {
    "received": lazy_gettext("being written"),
    "done": lazy_gettext("brought"),
    "asking": lazy_gettext("not brought yet"),
    "refused": lazy_gettext("refused"),
    "held": lazy_gettext("held"),
    "failed": lazy_gettext("failed"),
    "taken_back": lazy_gettext("taken away"),
}
REASONS: Final[Words[str]] = {
    "error_value": lazy_gettext("a cell holds an error of the spreadsheet"),
    "formula_without_value": lazy_gettext("a cell holds a formula that was never computed"),
    "lost_digits": lazy_gettext("the spreadsheet lost digits of a number, which nobody can guess"),
    "unreadable_amount": lazy_gettext("the amount cannot be read"),
    "no_amount": lazy_gettext("there is no amount"),
    "negative_amount": lazy_gettext("the amount is negative, which is no gift"),
    "zero_amount": lazy_gettext("the amount is nothing"),
    "no_currency": lazy_gettext("the amount has no currency"),
    "unknown_currency": lazy_gettext("the currency is not known, or two differ"),
    "unreadable_date": lazy_gettext("the day cannot be read"),
    "no_date": lazy_gettext("there is no day"),
    "month_only": lazy_gettext("only a month is written"),
    "future_date": lazy_gettext("the day is in the future"),
    "unreadable_email": lazy_gettext("an e-mail address is wrong"),
    "unreadable_account": lazy_gettext("an account number is wrong"),
    "unreadable_national_id": lazy_gettext("a personal number is wrong"),
    "unreadable_tax_number": lazy_gettext("a tax number is wrong"),
    "unclear_word": lazy_gettext("an answer is neither yes nor no"),
    "no_name": lazy_gettext("there is no name"),
    "unclear_status": lazy_gettext("the status is not known"),
    "not_received": lazy_gettext("the money never came"),
    "taken_back": lazy_gettext("the money was given back"),
    "by_person": lazy_gettext("you left it out"),
    "same_person": lazy_gettext("another row of the same person"),
    "adds_to_donor": lazy_gettext("adds to a donor who is here"),
    "nothing_new": lazy_gettext("the donor is here, and nothing is new"),
    "imported_before": lazy_gettext("brought by an earlier file"),
    "twice_in_file": lazy_gettext("the same gift stands further up"),
    "id_twice": lazy_gettext("the same number stands further up with another amount"),
    "gift_differs": lazy_gettext("the gift of this number has another amount or day here"),
    "gift_changed": lazy_gettext("looks like a gift of an earlier file whose amount or day was another"),
    "already_here": lazy_gettext("the same money is here from another source"),
}
OBSTACLES: Final[Words[str]] = {
    "receipt": lazy_gettext("the gift is on a receipt"),
    "closed_books": lazy_gettext("the gift lies in closed books"),
    "gift": lazy_gettext("the donor has another gift"),
    "soft_credit": lazy_gettext("the donor is credited with a gift"),
    "recurring_gift": lazy_gettext("the donor has a recurring gift"),
    "payment": lazy_gettext("the donor has a payment"),
    "message": lazy_gettext("a message was written to the donor"),
    "task": lazy_gettext("a task about the donor was done"),
    "interaction": lazy_gettext("something was noted or said since"),
    "merged": lazy_gettext("the donor was merged with another"),
    "changed": lazy_gettext("the donor was changed since"),
}
