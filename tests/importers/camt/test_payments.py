"""What camt says of one payment: its amount, its references, and which party is the other side."""

from __future__ import annotations

import pytest

from donorhub.money import Money
from importers.camt import reader
from importers.statement import Party
from tests.importers.camt.camt_pieces import (
    DONOR,
    US,
    amount,
    codes,
    document,
    entry,
    eur,
    only_detail,
    only_entry,
    parties,
)

# ---------------------------------------------------------------- payments of an entry


def tx_amount(text: str, currency: str = "EUR", element: str = "TxAmt") -> str:
    return f'<AmtDtls><{element}><Amt Ccy="{currency}">{text}</Amt></{element}></AmtDtls>'


def test_payments_have_their_own_signs() -> None:
    """The payments of a batch have their own signs and amounts, not those of the whole."""
    found = only_entry(amount("20.00"), amount("30.00"), amount("10.00", "DBIT"))
    assert [detail.amount for detail in found.details] == [eur(3000), eur(-1000)]


def test_own_amount_before_transaction_amount() -> None:
    """A payment's amount is its own one before the transaction amount."""
    found = only_entry(
        amount("30.00"), amount("10.00") + tx_amount("99.00"), tx_amount("5.00"), tx_amount("15.00")
    )
    assert [detail.amount.minor for detail in found.details] == [1000, 500, 1500]


def test_the_instructed_amount_is_never_the_amount() -> None:
    detail = only_detail(tx_amount("60.00", "USD", "InstdAmt"))
    assert (detail.amount, detail.original) == (eur(5000), Money(6000, "USD"))
    reading = reader.read(
        document(entry(amount(), tx_amount("20", element="InstdAmt"), tx_amount("30", element="InstdAmt")))
    )
    assert codes(reading) == ["batch_without_amounts"]


def test_foreign_amount_is_what_was_paid() -> None:
    """An amount in another currency is what the payer paid; what came is the amount in the account's
    currency."""
    payment = '<Amt Ccy="USD">60.00</Amt>' + tx_amount("50.00")
    detail = only_detail(payment)
    assert (detail.amount, detail.original) == (eur(5000), Money(6000, "USD"))


@pytest.mark.parametrize(
    ("payments", "code"),
    [
        (["", ""], "batch_without_amounts"),
        ([amount("20.00"), "<Amt Ccy='EUR'>3o</Amt>"], "batch_without_amounts"),
        ([amount("20.00"), amount("20.00")], "details_differ"),
    ],
)
def test_unbalanced_batch_stays_one_entry(payments: list[str], code: str) -> None:
    """A batch whose payments do not add up stays one entry and says so."""
    reading = reader.read(document(entry(amount(), *payments)))
    (found,) = reading.statements[0].entries
    assert (found.amount, found.details) == (eur(5000), ())
    assert [(problem.level, problem.code) for problem in reading.problems] == [("warning", code)]


def test_single_payment_keeps_entry_amount() -> None:
    """A single payment with another amount keeps its party, while the entry's amount counts."""
    reading = reader.read(document(entry(amount(), amount("20.00") + parties(DONOR))))
    (detail,) = reading.statements[0].entries[0].details
    assert (detail.amount, detail.counterparty.name) == (eur(5000), "ANNA NOWAK")
    assert codes(reading) == ["details_differ"]


def test_one_of_many_is_not_whole() -> None:
    """One payment of a batch of many is not taken for the whole batch."""
    batch = "<Btch><NbOfTxs>20</NbOfTxs></Btch>"
    reading = reader.read(document(entry(amount(), parties(DONOR), batch=batch)))
    assert reading.statements[0].entries[0].details == ()
    assert codes(reading) == ["batch_without_amounts"]


def test_a_placeholder_is_no_reference() -> None:
    detail = only_detail("<Refs><EndToEndId>NOTPROVIDED</EndToEndId><MndtId>M1</MndtId></Refs>")
    assert (detail.end_to_end_id, detail.mandate_id) == (None, "M1")


def test_company_number_needs_mandate() -> None:
    """A company number is no creditor id unless there is a mandate beside it."""
    id_ = parties("<Cdtr><Id><OrgId><Othr><Id>0455454654</Id><Issr>KBO</Issr></Othr></OrgId></Id></Cdtr>")
    assert only_detail(id_).creditor_id is None
    assert only_detail(f"<Refs><MndtId>M1</MndtId></Refs>{id_}").creditor_id == "0455454654"


def test_charges_are_total_or_sum() -> None:
    """Charges are the bank's total where there is one, else their sum, and nothing where currencies mix."""
    total = '<TtlChrgsAndTaxAmt Ccy="EUR">0.50</TtlChrgsAndTaxAmt>'
    record = '<Rcrd><Amt Ccy="EUR">0.30</Amt></Rcrd>'
    assert only_detail(f"<Chrgs>{total}{record}</Chrgs>").charges == eur(50)
    assert only_detail(f"<Chrgs>{record}{record}</Chrgs>").charges == eur(60)
    assert only_detail(f"<Chrgs>{record}{record.replace('EUR', 'USD')}</Chrgs>").charges is None
    assert only_detail('<Chrgs><Amt Ccy="EUR">1.00</Amt></Chrgs>').charges == eur(100)


# ---------------------------------------------------------------- the other side


def test_counterparty_follows_the_money() -> None:
    """Money in comes from the debtor, and money out goes to the creditor."""
    shop = "<Cdtr><Nm>SHOP</Nm></Cdtr>"
    assert only_detail(parties(DONOR, US)).counterparty.name == "ANNA NOWAK"
    assert only_detail(parties(DONOR, shop), amount("50.00", "DBIT")).counterparty.name == "SHOP"


@pytest.mark.parametrize(
    "reason", ["<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>", ""]
)
def test_returning_donor_stays_the_debtor(reason: str) -> None:
    """In a return the donor stays the debtor although the money goes out."""
    detail = only_detail(parties(DONOR, US) + reason, amount("50.00", "DBIT"))
    assert detail.counterparty.name == "ANNA NOWAK"
    assert (detail.return_code, detail.return_info) == (("AC04", "closed") if reason else (None, None))


def test_return_without_accounts_has_reason() -> None:
    """A return without account numbers is recognised by its reason, so that the donor stays the
    counterparty."""
    names = parties("<Dbtr><Nm>ANNA NOWAK</Nm></Dbtr><Cdtr><Nm>Fundacja</Nm></Cdtr>")
    returned = f"{names}<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    assert only_detail(returned, amount("50.00", "DBIT")).counterparty.name == "ANNA NOWAK"
    assert only_detail(names, amount("50.00", "DBIT")).counterparty.name == "Fundacja"


def test_we_are_never_our_own_counterparty() -> None:
    assert only_detail(parties(US)).counterparty == Party()
    assert only_detail(parties(US), amount("50.00", "DBIT")).counterparty == Party()


def test_iban_in_another_place_is_iban() -> None:
    """An IBAN that stands in the place of another number is still an IBAN, if its check digits hold."""

    def account(number: str) -> Party:
        held = f"<DbtrAcct><Id><Othr><Id>{number}</Id></Othr></Id></DbtrAcct>"
        return only_detail(parties(held)).counterparty

    assert account("PL27 1140 2004 0000 3002 0135 5387").account == "PL27114020040000300201355387"
    assert account("PL27114020040000300201355387").account_scheme == "iban"
    assert (account("PL28114020040000300201355387").account_scheme, account("47 11").account) == (
        "other",
        "47 11",
    )


def test_batch_without_payments_keeps_order_id() -> None:
    """A batch without its payments keeps the id of its order; with payments each of them has it."""
    named = "<Btch><PmtInfId>BATCH-7</PmtInfId><NbOfTxs>12</NbOfTxs></Btch>"
    assert only_entry(batch=named).batch_id == "BATCH-7"
    listed = only_entry(amount(), "<Refs/>", batch="<Btch><PmtInfId>BATCH-7</PmtInfId></Btch>")
    assert (listed.batch_id, listed.details[0].batch_id) == (None, "BATCH-7")
