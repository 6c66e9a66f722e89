"""What the :86: texts of MT940 tell, dialect by dialect, and what a payer cannot make them tell."""

from __future__ import annotations

import pytest

from donorhub.money import Money
from importers.mt940 import reader
from importers.statement import Detail, Entry

NRB = "27114020040000300201355387"
ING = "NL20INGB0001234567"


def entry_of(text: str, line: str = "C50,00NTRFNONREF//B1", currency: str = "EUR") -> Entry:
    wrapped = text.replace("\n", "\r\n")
    data = (
        f":20:X\r\n:25:1234567\r\n:60F:C260929{currency}0,\r\n:61:2609300930{line}\r\n:86:{wrapped}\r\n"
        f":62F:C260930{currency}50,00\r\n-\r\n"
    )
    (entry,) = reader.read(data.encode()).statements[0].entries
    return entry


def detail_of(text: str, line: str = "C50,00NTRFNONREF//B1") -> Detail:
    (detail,) = entry_of(text, line).details
    return detail


# ---------------------------------------------------------------- ? sub-fields (German, and Polish with ?)


def test_sepa_keywords_across_sub_fields() -> None:
    """The keywords of SEPA fill their fields across sub-fields and lines."""
    detail = detail_of(
        "171?00SEPA LASTSCHRIFT?10281?20EREF+TRX-0A4A47C3-F846-4729?21-8A1B-5D\n"
        "F620F?22MREF+CAC97D2144174318AC18D9?23BF815BD4FB?24CRED+DE98ZZZ0999999\n"
        "9999?25SVWZ+FOO TRX-0A4A47C3-F84?266-4729-8A1B?30HYVEDEMMXXX?31DE8937040044053201\n3000"
        "?32Peter Pan?34171"
    )
    assert detail.end_to_end_id == "TRX-0A4A47C3-F846-4729-8A1B-5DF620F"
    assert detail.mandate_id == "CAC97D2144174318AC18D9BF815BD4FB"
    assert detail.creditor_id == "DE98ZZZ09999999999"
    assert detail.remittance == "FOO TRX-0A4A47C3-F846-4729-8A1B"
    assert detail.counterparty.account == "DE89370400440532013000"
    assert (detail.counterparty.account_scheme, detail.counterparty.bic) == ("iban", "HYVEDEMMXXX")
    assert (detail.counterparty.name, detail.return_code) == ("Peter Pan", None)


def test_text_without_keywords_is_remittance() -> None:
    """A text without keywords is the remittance, over all sub-fields of the title."""
    entry = entry_of(
        "051?00GUTSCHRIFT?20Darowizna na cele statutowe?21 DH-1001-7?32KARL?33     KAUFMANN?60z Polski"
    )
    assert entry.details[0].remittance == "Darowizna na cele statutowe DH-1001-7 z Polski"
    assert entry.details[0].counterparty.name == "KARL KAUFMANN"
    assert (entry.info, entry.bank_code) == ("GUTSCHRIFT", "NTRF/051")


def test_full_sub_fields_go_on() -> None:
    """A short sub-field ends its word, and a full one goes on in the next."""
    assert detail_of("051?20DH-1001-7?21darowizna").remittance == "DH-1001-7 darowizna"
    assert detail_of("051?20DAROWIZNA NA CELE STATUTOW?21E").remittance == "DAROWIZNA NA CELE STATUTOWE"


@pytest.mark.parametrize(
    ("text", "line", "code", "reason"),
    [
        ("109?00RETOURE?20SVWZ+RUECKGABE AC04 KONTO?34914", "RC50,00NRTI", "914", "AC04"),
        ("109?00RETOURE?20SVWZ+RUECKGABE MD06", "D50,00NRTI", "MD06", None),
        ("159?00RETOURE?20EREF+A?21MTLG:Konto gesperrt?34903", "C50,00NTRF", "903", None),
        ("166?00GUTSCHRIFT?20SVWZ+DANKE AC04?34000", "C50,00NTRF", None, None),
        ("008?00DAUERAUFTRAG?20Miete?34339", "D50,00NSTO", None, None),
    ],
)
def test_only_returns_have_a_reason(text: str, line: str, code: str | None, reason: str | None) -> None:
    """A return has its reason, and other entries have none."""
    detail = detail_of(text, line)
    assert detail.return_code == code
    assert dict(detail.extra).get("return_reason") == reason


def test_short_sub_field_ends_an_id() -> None:
    """A short sub-field ends an id, and a message of the bank is no remittance."""
    detail = detail_of("159?00RETOURE?20EREF+TFNR 40005 00005?21MTLG:Grund nicht spezifizie?22rt?34914")
    assert (detail.end_to_end_id, detail.remittance) == ("TFNR 40005 00005", "")
    assert detail.return_info == "Grund nicht spezifiziert"


def test_a_payer_cannot_write_ids_into_the_text() -> None:
    detail = detail_of("166?20EREF+REAL?21SVWZ+gift MREF+FAKE EREF+FAKE?32A?20x")
    assert (detail.end_to_end_id, detail.mandate_id) == ("REAL", None)
    assert detail.remittance == "gift MREF+FAKE EREF+FAKE"


def test_other_names_originals_and_batches_are_kept() -> None:
    detail = detail_of("166?20ABWA+Oma Erna?21OAMT+USD 60,00?22PREF+P7?23SVWZ+x")
    assert detail.counterparty.ultimate == "Oma Erna"
    assert (detail.original, detail.batch_id) == (Money(6_000, "USD"), "P7")


def test_words_for_no_id_are_no_ids() -> None:
    detail = detail_of("166?20EREF+NOTPROVIDED?21KREF+NONREF?22SVWZ+x")
    assert (detail.end_to_end_id, detail.instruction_id) == (None, None)


# ---------------------------------------------------------------- ~ < ^ > + (Polish banks, Triodos)


@pytest.mark.parametrize("sign", ["~", "+", "^"])
def test_polish_sub_fields_are_known(sign: str) -> None:
    """Polish sub-fields give title, name, address and account, whichever sign begins them."""
    text = "051|00PRZELEW|20DAROWIZNA DH-1001-7|22˙|3010901014|32ANNA ŻAK|33UL. PROSTA 1|38PL" + NRB
    detail = detail_of(text.replace("|", sign))
    party = detail.counterparty
    assert (party.name, party.address, party.account) == ("ANNA ŻAK", "UL. PROSTA 1", f"PL{NRB}")
    assert detail.remittance == "DAROWIZNA DH-1001-7"


def test_polish_bank_and_account_make_iban() -> None:
    """The bank's number and the rest of a Polish account make its IBAN."""
    detail = detail_of("051~20x~3010901014~310000071219812874~32A")
    assert detail.counterparty.account == "PL61109010140000071219812874"


def test_bph_and_alior_name_after_title() -> None:
    """BPH and Alior put the name after the title, and it is still found."""
    detail = detail_of(f"020<00WPŁATA<20DAROWIZNA<21DH-1001-7<27ANNA ŻAK<28UL. PROSTA 1<38{NRB}")
    assert detail.counterparty.name == "ANNA ŻAK"
    assert detail.counterparty.account == f"PL{NRB}"
    assert detail.remittance == "DAROWIZNA DH-1001-7"


def test_triodos_writes_sub_fields_after_an_angle_bracket() -> None:
    detail = detail_of("000>100987654321\n>20ALGEMENE TUSSENREKENING KOS>21TEN VAN 01>310390123456")
    assert detail.remittance == "ALGEMENE TUSSENREKENING KOSTEN VAN 01"
    assert (detail.counterparty.account, detail.counterparty.account_scheme) == ("0390123456", "other")


def test_phone_number_is_no_sub_field() -> None:
    """A phone number or a comparison in a text is no sub-field."""
    assert detail_of("+48 22 123 45 67 zadzwoń").remittance == "+48 22 123 45 67 zadzwoń"


# ---------------------------------------------------------------- /KEY/ (Dutch banks)


def test_dutch_keys_fill_their_fields_across_lines() -> None:
    detail = detail_of(
        "/TRTP/SEPA Incasso/CSID/NL22ZZZ644137580001/MARF/M-77/NAME/J. DE VRIES/RE\n".ljust(66)
        + f"MI/Gift 2026/07 DH-1001-7/IBAN/{ING}/BIC/INGBNL2A/EREF/E-9/PURP/CD/CHAR"
    )
    assert (detail.creditor_id, detail.mandate_id, detail.end_to_end_id) == (
        "NL22ZZZ644137580001",
        "M-77",
        "E-9",
    )
    assert detail.remittance == "Gift 2026/07 DH-1001-7"
    assert (detail.counterparty.account, detail.counterparty.bic) == (ING, "INGBNL2A")
    assert detail.purpose == "CHAR"


def test_rabobanks_empty_keys_and_ings_counterparty_are_read() -> None:
    assert detail_of("/EREF/X1/BENM//NAME/JOHN DOE/REMI//ISDT/2013-07-11").counterparty.name == "JOHN DOE"
    detail = detail_of(f"/EREF/E1//CNTP/{ING}/INGBNL2A/J. DE VRIES/DELFT//REMI/USTD//a gift/")
    party = detail.counterparty
    assert (party.account, party.bic, party.name, party.address) == (ING, "INGBNL2A", "J. DE VRIES", "DELFT")
    assert detail.remittance == "a gift"
    structured = detail_of("/NAME/A/REMI/STRD/CUR/9876123456789012/")
    assert structured.references == (("CUR", "9876123456789012"),)


def test_dutch_return_and_ultimate_debtor() -> None:
    """A Dutch return is read with its reason, its ultimate debtor and its original amount."""
    detail = detail_of("/RTRN/MS03/NAME/BANK/ULTD//NAME/OMA/OCMT/USD13,50", "RC50,00NRTI")
    assert (detail.return_code, detail.counterparty.name, detail.counterparty.ultimate) == (
        "MS03",
        "BANK",
        "OMA",
    )
    assert detail.original == Money(-1_350, "USD")


def test_knab_labels_give_account_and_name() -> None:
    detail = detail_of(f"FACTUUR 201403110\nREK: {ING}/NAAM: PICQER")
    assert (detail.counterparty.account, detail.counterparty.name) == (ING, "PICQER")
    assert detail.remittance == "FACTUUR 201403110"


def test_old_dutch_files_name_counterparty_in_row() -> None:
    """Old Dutch files have the counterparty in the row itself, and it is read from there."""
    rabobank = entry_of("Betaling", "D10,00N060P000029225      KPN - MOBIEL        ")
    assert rabobank.details[0].counterparty.name == "KPN - MOBIEL"
    assert rabobank.details[0].counterparty.account == "P000029225"
    sns = entry_of("0987654321 marechal s\ndit is een test", "D20,00NIOB0987654321\r\nmarechal s")
    assert sns.details[0].counterparty.account == "0987654321"
    assert sns.details[0].remittance == "dit is een test"
    asn = entry_of("een gift", f"C20,00NIOB{ING}\r\nj de vries")
    assert (asn.details[0].counterparty.account, asn.details[0].counterparty.name) == (ING, "j de vries")


# ---------------------------------------------------------------- labels (mBank)


def test_mbanks_labels_and_its_virtual_account_are_read() -> None:
    entry = entry_of(
        f"911 TRANSAKCJA COLLECT; ID IPH: XX000000000001; Z RACH.: \n{NRB}; OD: JAN NOWAK  \n"
        "UL. NIJAKA 1 M 2 31-234 KRAKOW; TYT.: PRZELEW SRODKOW   ; \nTNR: 179171073864111.010001"
    )
    (detail,) = entry.details
    assert detail.virtual_account == "XX000000000001"
    assert detail.counterparty.account == f"PL{NRB}"
    assert detail.counterparty.name == "JAN NOWAK"
    assert detail.counterparty.address == "UL. NIJAKA 1 M 2 31-234 KRAKOW"
    assert detail.remittance == "PRZELEW SRODKOW"
    assert (detail.tx_id, entry.entry_ref) == ("179171073864111.010001", "179171073864111.010001")
    assert (entry.bank_code, entry.info) == ("NTRF/911", "TRANSAKCJA COLLECT")


def test_last_bank_number_counts() -> None:
    """The bank writes its number last, so a number that the payer wrote before does not count."""
    assert detail_of("911 X; OD: A; TYT.: gift; TNR: FAKE; TNR: REAL").tx_id == "REAL"


def test_address_is_found_by_its_street() -> None:
    """An address that follows the name after one blank is found by its street word."""
    party = detail_of("911 X; OD: JAN NOWAK UL. NIJAKA 1; TYT.: x; TNR: 1").counterparty
    assert (party.name, party.address) == ("JAN NOWAK", "UL. NIJAKA 1")


# ---------------------------------------------------------------- no dialect


def test_text_of_no_dialect_stays() -> None:
    """A text of no dialect is the remittance as it stands."""
    assert detail_of("Dhurim  për shkollën\nDH-1001-7").remittance == "Dhurim për shkollën DH-1001-7"
    assert detail_of("999PN0911DAUERAUFTR.NR. 14").remittance == "PN0911DAUERAUFTR.NR. 14"


def test_a_full_line_was_cut_inside_a_word() -> None:
    line = "BETALINGSKENM. 0000000421886595314606715".rjust(65, "x")
    assert detail_of(f"{line}\n0001 end").remittance == f"{line}0001 end"


def test_several_texts_of_one_row_are_one_remittance() -> None:
    assert (
        detail_of("NIET AKKOORD\n:86:KOSTEN JUNI   \n:86:20095731").remittance
        == "NIET AKKOORD KOSTEN JUNI 20095731"
    )


@pytest.mark.parametrize(
    "damaged", [":6:2609300930D20,00NTRFNONREF", "::61:2609300930D20,00NTRF", ":61:€200930D20,00NT"]
)
def test_row_with_damaged_tag_is_reported(damaged: str) -> None:
    """A row whose tag is damaged is reported and does not vanish."""
    row = ":61:2609300930C50,00NTRF\n:86:166?20gift"
    data = f":20:X\n:60F:C260929EUR0,\n{row}\n{damaged}\n:86:166?20other\n:62F:C260930EUR50,00\n-\n"
    assert reader.read(data.encode()).problems


@pytest.mark.parametrize(
    "text", ["166?20a" + "?20b" * 5_000, "/NAME/a" + "/REMI/b" * 5_000, "9 TYT.: a" + "; OD: b" * 5_000]
)
def test_part_repeated_often_is_text(text: str) -> None:
    """A part that is repeated thousands of times is text, so no file can make the reader slow or wrong."""
    assert entry_of(text).amount == Money(5_000, "EUR")
    assert detail_of(text).counterparty.name in (None, "a", "b")
