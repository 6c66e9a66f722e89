"""The states and kinds of the rules by which matching decides alone, beside :mod:`donorhub.models.states`."""

from __future__ import annotations

from typing import Final, Literal, get_args

# What decided a payment without a person: an id of ours, a donor's code, the payer's account, an account of
# several with its words, the payer's words of files without accounts; and what makes no gift.
RuleName = Literal["ref", "code", "account", "saying", "name_file", "payout", "return", "no_gift"]
# looks: too many wrong ones; wrong_donor: a gift went to a donor against the payer's name
StopReason = Literal["looks", "wrong_donor", "person"]

RULE_NAMES: Final[tuple[RuleName, ...]] = get_args(RuleName)
