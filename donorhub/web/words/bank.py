"""What matching says of an entry in codes, as sentences in the reader's language. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from flask_babel import format_date, gettext, lazy_gettext
from flask_babel import ngettext as counted
from flask_babel.speaklater import LazyString

from donorhub.domain.donors import codes
from donorhub.models.matching_states import RuleName
from donorhub.models.states import Settles

Params = Mapping[str, str | int]

LEVELS: Final = {"low": lazy_gettext("low"), "likely": lazy_gettext("likely"), "sure": lazy_gettext("sure")}

# Sentences by evidence key (domain.bank.matching.evidence); those that count something are in _COUNTED.
_REASONS: Final[Mapping[str, LazyString]] = {
    "match.code": lazy_gettext("The text has the code %(code)s"),
    "match.other_code": lazy_gettext("The text also has the code of another donor, %(code)s"),
    "match.ref": lazy_gettext("The bank's reference %(ref)s belongs to this donor"),
    "match.account": lazy_gettext("The account …%(ending)s is known as this donor's"),
    "match.account_shared": lazy_gettext("Several donors give from the account …%(ending)s"),
    "match.learned_account": lazy_gettext("You matched the account …%(ending)s to this donor before"),
    "match.learned_name": lazy_gettext("You matched this payer's name to this donor before"),
    "match.learned_differs": lazy_gettext("This payer was matched to different donors before"),
    "match.name_like": lazy_gettext("The name is %(likeness)s %% alike"),
    "match.email": lazy_gettext("The text has the donor's e-mail %(email)s"),
    "match.named": lazy_gettext("The text names this donor"),
    "match.said": lazy_gettext("You matched these words of the payer to this donor before: %(times)s"),
    "match.names_other": lazy_gettext("The text names another donor"),
    "match.other_payer": lazy_gettext("Another name than the donor's paid from this account"),
    "match.code_other_payer": lazy_gettext("The code is this donor's, the payer's name is another"),
    "match.outlier": lazy_gettext("It is %(times)s times the largest gift of this donor so far"),
    "match.words_against": lazy_gettext("The text speaks against a gift: %(word)s"),
    "match.amount_tied": lazy_gettext("Another recurring gift of this donor waits for the same amount"),
    "match.deceased": lazy_gettext("The donor is noted as deceased"),
    "match.recurring_closed": lazy_gettext("The donor's recurring gift has ended"),
    "match.currency": lazy_gettext("The recurring gift is in %(wants)s, this money is not"),
    "match.return_words": lazy_gettext("The text speaks of money that comes back"),
    "match.refund_back": lazy_gettext("Our own money came back: it could not be delivered"),
    "match.reversal": lazy_gettext("The bank calls this entry a reversal"),
    "match.amount_exact": lazy_gettext("The amount is that of the open instalment"),
    "match.amount_differs": lazy_gettext(
        "It came when an instalment was due, with another amount: the order may have been changed"
    ),
    "match.amount_partial": lazy_gettext("The amount is less than the open instalment"),
    "match.amount_over": lazy_gettext("The amount is more than the open instalment"),
    "match.payout_ref": lazy_gettext("The text has the payout's reference %(ref)s"),
    "match.payout_amount": lazy_gettext("The amount is that of the payout: %(amount)s"),
    "match.payout_date": lazy_gettext("The payout was to arrive on %(arrival_on)s"),
    "match.payout_words": lazy_gettext("The payer is %(provider)s"),
    "match.return_ref": lazy_gettext("The reference %(ref)s is that of the gift"),
    "match.return_amount": lazy_gettext("The amount is that of the gift: %(amount)s"),
    "match.person": lazy_gettext("A person decided it"),
    "match.deadline": lazy_gettext("Nobody had said in time whose it is"),
    "match.cost": lazy_gettext("The text names a charge of the bank"),
    "match.outgoing": lazy_gettext("Money went out to somebody who is no donor"),
    "match.transfer": lazy_gettext("The money moved between accounts of ours"),
    "match.return_payer": lazy_gettext("The account is that of the gift's donor"),
}


def ngettext(one: str, many: str, count: int) -> str:
    return str(counted(one, many, count))


def _word_namesakes(count: int) -> str:
    if count == 1:
        return str(gettext("The name is that of this donor only"))
    return ngettext("%(num)d donor has this name", "%(num)d donors have this name", count)


def _word_days(days: int) -> str:
    if days == 0:
        return str(gettext("It came on the day it was due"))
    return _word_days_late(days) if days > 0 else _word_days_early(-days)


def _word_days_late(days: int) -> str:
    return ngettext("It came %(num)d day after it was due", "It came %(num)d days after it was due", days)


def _word_days_early(days: int) -> str:
    return ngettext("It came %(num)d day before it was due", "It came %(num)d days before it was due", days)


def _word_history(times: int) -> str:
    return ngettext("Confirmed for this payer once", "Confirmed for this payer %(num)d times", times)


def _word_several(count: int) -> str:
    return ngettext(
        "The amount is that of %(num)d open instalment",
        "The amount is that of %(num)d open instalments together",
        count,
    )


_COUNT_SENTENCES: Final[dict[str, tuple[str, Callable[[int], str]]]] = {
    "match.name": ("namesakes", _word_namesakes),
    "match.history": ("times", _word_history),
    "match.amount_several": ("count", _word_several),
    "match.date_on_time": ("days", _word_days),
    "match.date_other_amount": ("days", _word_days),
    "match.date_near": ("days", _word_days),
}
# What an entry is that is no gift, as a person says it.
NOT_GIFTS: Final = {
    "charge": lazy_gettext("a charge of the bank"),
    "own": lazy_gettext("our own money moved"),
    "grant": lazy_gettext("a grant or subsidy"),
    "sale": lazy_gettext("a sale or an invoice"),
    "refund": lazy_gettext("a refund from a supplier"),
    "interest": lazy_gettext("interest"),
    "other": lazy_gettext("something else"),
}
REASON_KEYS: Final = frozenset((*_REASONS, *_COUNT_SENTENCES))

_HINDRANCES: Final[Mapping[str, LazyString]] = {
    "mode_off": lazy_gettext("Matching is switched off for this account."),
    "mode_suggest": lazy_gettext("It is certain; the account is set to ask you first."),
    "paid_to_donor": lazy_gettext("Money went out to a donor: is it a refund?"),
    "payout_unknown": lazy_gettext("A provider paid this, and no payout of this amount is known yet."),
    "original_unknown": lazy_gettext("The bank took money back, and the gift it belongs to was not found."),
    "code_unknown": lazy_gettext("The text has a code that belongs to no donor."),
    "nothing_found": lazy_gettext("Nothing points to a donor we know."),
    "contested_return": lazy_gettext("Another entry would take back the same gift."),
    "contested": lazy_gettext("Another entry would be the same payout."),
    "name_only": lazy_gettext("A name alone never decides."),
    "not_enough": lazy_gettext("The reasons are not enough to decide without you."),
    "margin": lazy_gettext("Another donor fits nearly as well."),
    "equal_gift": lazy_gettext(
        "A gift of this donor that this may be, or may be a part of, is recorded already: is it other money?"
    ),
    "contradiction": lazy_gettext("Something speaks against it."),
    "over_cap": lazy_gettext("The amount is above what is decided without you."),
    "outside_window": lazy_gettext("It did not come near the day it was due."),
    "rule_stopped": lazy_gettext("It is certain, but this rule was wrong too often: it asks you."),
}
RULES: Final[Mapping[RuleName, LazyString]] = {
    "ref": lazy_gettext("A reference of ours"),
    "code": lazy_gettext("The donor's code"),
    "account": lazy_gettext("The payer's account"),
    "saying": lazy_gettext("The words on an account of several"),
    "name_file": lazy_gettext("Name and words, where the file has no accounts"),
    "payout": lazy_gettext("A provider's payout"),
    "return": lazy_gettext("Money that the bank took back"),
    "no_gift": lazy_gettext("No gift: charges, our own money, money out"),
}
_SETTLES: Final[Mapping[Settles, LazyString]] = {
    "exact": lazy_gettext("Pays its instalment"),
    "several": lazy_gettext("Pays several instalments"),
    "partial": lazy_gettext("Pays a part of what was promised"),
    "amended": lazy_gettext("Came on the day of an instalment with another amount"),
    "one_off": lazy_gettext("A gift beside every promise"),
    "this_gift": lazy_gettext("A gift that was recorded before"),
    "unsure": lazy_gettext("Which instalment it is for was not sure"),
}
HINDRANCE_KEYS: Final = frozenset(_HINDRANCES)


def word_settles(word: Settles) -> str:
    """Return what a gift settled when it was decided, in words."""
    return str(_SETTLES[word])


def word_level(word: str) -> str:
    """Return how sure a suggestion is, in a word."""
    return str(LEVELS[word])


def word_reason(key: str, params: Params, *, prefix: str) -> str:
    """Return one reason of a suggestion; a key that this version does not know is shown as it is."""
    count_sentence = _COUNT_SENTENCES.get(key)
    if count_sentence is not None:
        name, sentence = count_sentence
        return sentence(int(params.get(name, 0)))
    if key == "match.person" and params.get("reason"):
        code = str(params["reason"])
        return str(gettext("A person said: %(what)s", what=NOT_GIFTS.get(code, code)))
    if key not in _REASONS:
        return key.removeprefix("match.").replace("_", " ")
    return str(_REASONS[key]) % _write_params(params, prefix)


def _write_params(params: Params, prefix: str) -> dict[str, str | int]:
    """Return the parameters as people write them: a code with its prefix, a day as a date."""
    texts = dict(params)
    if "number" in params:
        texts["code"] = codes.format_code(prefix, int(params["number"]))
    if "arrival_on" in params:
        texts["arrival_on"] = str(format_date(date.fromisoformat(str(params["arrival_on"])), "medium"))
    return texts


def word_hindrance(key: str) -> str:
    """Return why nothing was decided without a person."""
    return str(_HINDRANCES[key]) if key in _HINDRANCES else key.replace("_", " ")
