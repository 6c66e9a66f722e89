"""What a thank-you may say: each gift, and of several their sum, their days and all funds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Designation, Donor, Fund, Gift
from donorhub.models.states import Channel, Lang
from donorhub.money import Money, sum_money
from donorhub.services.messages import donor_facts
from donorhub.services.messages.donor_facts import Facts
from receipts import figures


def collect_facts(
    gift_rows: Sequence[Gift], donor: Donor, lang: Lang, *, channel: Channel = "email"
) -> Facts:
    """Return what the text may name: each gift, and of several their sum, their days and all funds."""
    funds = _read_fund_names(gift_rows)
    each = [_describe_gift(gift, ", ".join(funds.get(gift.id, ())), lang) for gift in gift_rows]
    all_funds = dict.fromkeys(name for gift in gift_rows for name in funds.get(gift.id, ()))
    return {
        **donor_facts.describe_donor(donor, lang, kind="thank_you", channel=channel),
        "amount": " + ".join(_write_amount(total, lang) for total in _sum_by_currency(gift_rows)),
        "received_on": ", ".join(dict.fromkeys(str(one["received_on"]) for one in each)),
        "funds": ", ".join(all_funds)
        or None,  # to Liquid an empty text is true: it would say "It goes to: ."
        "gifts": each if len(each) > 1 else None,
    }


def _describe_gift(gift: Gift, funds: str, lang: Lang) -> dict[str, str]:
    amount = _write_amount(gift.amount, lang)
    received_on = figures.write_long_date(gift.received_on, lang)
    line = f"{amount}, {received_on}" + (f": {funds}" if funds else "")
    return {"amount": amount, "received_on": received_on, "line": line}


def _write_amount(money: Money, lang: Lang) -> str:
    return figures.write_amount(money, lang).replace("\u00a0", " ")


def _sum_by_currency(gift_rows: Sequence[Gift]) -> list[Money]:
    """Return the sum of the gifts in each of their currencies, which are never added."""
    currencies = dict.fromkeys(gift.currency for gift in gift_rows)
    return [
        sum_money((gift.amount for gift in gift_rows if gift.currency == currency), currency)
        for currency in currencies
    ]


def _read_fund_names(gift_rows: Sequence[Gift]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    query = (
        select(Designation.gift_id, Fund.name)
        .join(Fund, Fund.id == Designation.fund_id)
        .where(Designation.gift_id.in_([gift.id for gift in gift_rows]))
        .order_by(Fund.id)
    )
    for gift_id, name in db.session.execute(query):
        names.setdefault(gift_id, []).append(name)
    return names
