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


def test_the_payments_of_a_batch_have_their_own_signs_and_amounts() -> None:
    found = only_entry(amount("20.00"), amount("30.00"), amount("10.00", "DBIT"))
    assert [detail.amount for detail in found.details] == [eur(3000), eur(-1000)]


def test_a_payments_amount_is_its_own_before_the_transaction_amount() -> None:
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


def test_an_amount_in_another_currency_is_what_was_paid_not_what_came() -> None:
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
def test_a_batch_that_does_not_add_up_stays_one_entry_and_says_so(payments: list[str], code: str) -> None:
    reading = reader.read(document(entry(amount(), *payments)))
    (found,) = reading.statements[0].entries
    assert (found.amount, found.details) == (eur(5000), ())
    assert [(problem.level, problem.code) for problem in reading.problems] == [("warning", code)]


def test_a_single_payment_with_another_amount_keeps_its_party_and_the_entrys_amount() -> None:
    reading = reader.read(document(entry(amount(), amount("20.00") + parties(DONOR))))
    (detail,) = reading.statements[0].entries[0].details
    assert (detail.amount, detail.counterparty.name) == (eur(5000), "ANNA NOWAK")
    assert codes(reading) == ["details_differ"]


def test_one_payment_of_a_batch_of_many_is_not_taken_for_the_whole() -> None:
    batch = "<Btch><NbOfTxs>20</NbOfTxs></Btch>"
    reading = reader.read(document(entry(amount(), parties(DONOR), batch=batch)))
    assert reading.statements[0].entries[0].details == ()
    assert codes(reading) == ["batch_without_amounts"]


def test_a_placeholder_is_no_reference() -> None:
    detail = only_detail("<Refs><EndToEndId>NOTPROVIDED</EndToEndId><MndtId>M1</MndtId></Refs>")
    assert (detail.end_to_end_id, detail.mandate_id) == (None, "M1")


def test_a_company_number_is_no_creditor_id_unless_there_is_a_mandate() -> None:
    id_ = parties("<Cdtr><Id><OrgId><Othr><Id>0455454654</Id><Issr>KBO</Issr></Othr></OrgId></Id></Cdtr>")
    assert only_detail(id_).creditor_id is None
    assert only_detail(f"<Refs><MndtId>M1</MndtId></Refs>{id_}").creditor_id == "0455454654"


def test_charges_are_a_total_where_there_is_one_and_none_where_currencies_mix() -> None:
    total = '<TtlChrgsAndTaxAmt Ccy="EUR">0.50</TtlChrgsAndTaxAmt>'
    record = '<Rcrd><Amt Ccy="EUR">0.30</Amt></Rcrd>'
    assert only_detail(f"<Chrgs>{total}{record}</Chrgs>").charges == eur(50)
    assert only_detail(f"<Chrgs>{record}{record}</Chrgs>").charges == eur(60)
    assert only_detail(f"<Chrgs>{record}{record.replace('EUR', 'USD')}</Chrgs>").charges is None
    assert only_detail('<Chrgs><Amt Ccy="EUR">1.00</Amt></Chrgs>').charges == eur(100)


# ---------------------------------------------------------------- the other side


def test_money_in_comes_from_the_debtor_and_money_out_goes_to_the_creditor() -> None:
    shop = "<Cdtr><Nm>SHOP</Nm></Cdtr>"
    assert only_detail(parties(DONOR, US)).counterparty.name == "ANNA NOWAK"
    assert only_detail(parties(DONOR, shop), amount("50.00", "DBIT")).counterparty.name == "SHOP"


@pytest.mark.parametrize(
    "reason", ["<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>", ""]
)
def test_in_a_return_the_donor_stays_the_debtor_though_money_goes_out(reason: str) -> None:
    detail = only_detail(parties(DONOR, US) + reason, amount("50.00", "DBIT"))
    assert detail.counterparty.name == "ANNA NOWAK"
    assert (detail.return_code, detail.return_info) == (("AC04", "closed") if reason else (None, None))


def test_a_return_without_account_numbers_is_told_by_its_reason() -> None:
    names = parties("<Dbtr><Nm>ANNA NOWAK</Nm></Dbtr><Cdtr><Nm>Fundacja</Nm></Cdtr>")
    returned = f"{names}<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    assert only_detail(returned, amount("50.00", "DBIT")).counterparty.name == "ANNA NOWAK"
    assert only_detail(names, amount("50.00", "DBIT")).counterparty.name == "Fundacja"


def test_we_are_never_our_own_counterparty() -> None:
    assert only_detail(parties(US)).counterparty == Party()
    assert only_detail(parties(US), amount("50.00", "DBIT")).counterparty == Party()


def test_an_iban_in_the_place_of_another_number_is_still_an_iban() -> None:
    def account(number: str) -> Party:
        held = f"<DbtrAcct><Id><Othr><Id>{number}</Id></Othr></Id></DbtrAcct>"
        return only_detail(parties(held)).counterparty

    assert account("PL27 1140 2004 0000 3002 0135 5387").account == "PL27114020040000300201355387"
    assert account("PL27114020040000300201355387").account_scheme == "iban"
    assert (account("PL28114020040000300201355387").account_scheme, account("47 11").account) == (
        "other",
        "47 11",
    )


def test_a_batch_without_its_payments_keeps_the_id_of_its_order() -> None:
    named = "<Btch><PmtInfId>BATCH-7</PmtInfId><NbOfTxs>12</NbOfTxs></Btch>"
    assert only_entry(batch=named).batch_id == "BATCH-7"
    listed = only_entry(amount(), "<Refs/>", batch="<Btch><PmtInfId>BATCH-7</PmtInfId></Btch>")
    assert (listed.batch_id, listed.details[0].batch_id) == (None, "BATCH-7")
