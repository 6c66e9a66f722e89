"""What the columns of a table of people and gifts are called, in Polish, Albanian, English and German.

A name tells a field or nothing; what the cells say is for :mod:`.columns`.
"""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from donorhub.domain.moving.column_names import UNITS, fold_name
from importers.periods import NAME_LINES

Field = Literal[
    "full_name",
    "given_name",
    "family_name",
    "organisation",
    "contact_person",
    "position",
    "household",
    "household_id",
    "person_kind",
    "email",
    "phone",
    "contact",
    "address",
    "street",
    "postcode",
    "city",
    "country",
    "tax_number",
    "national_id",
    "born_on",
    "second_born_on",
    "account",
    "lang",
    "note",
    "person_id",
    "donor_code",
    "second_given_name",
    "second_family_name",
    "second_email",
    "second_phone",
    "second_person_id",
    "account_name",
    "account_id",
    "account_kind",
    "joint_name",
    "salutation",
    "giver",
    "consent",
    "no_contact",
    "no_email",
    "no_phone",
    "no_post",
    "no_sms",
    "no_other",
    "no_on",
    "bounced",
    "consent_on",
    "consent_source",
    "deceased",
    "amount",
    "spent",
    "currency",
    "received_on",
    "method",
    "title",
    "fund",
    "fund_amount",
    "fund_percent",
    "campaign",
    "status",
    "receipt_no",
    "gift_id",
    "credit_for",
    "credit_amount",
    "credited_id",
    "credited_name",
    "custom",
    "gift_custom",
    "row_no",
    "left_out",
]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)
NAME_FIELDS: Final[tuple[Field, ...]] = ("full_name", "given_name", "family_name", "organisation")
_GIFT_FIELDS = (
    "amount spent currency received_on method title fund fund_amount fund_percent campaign status "
    "receipt_no gift_id credit_for credit_amount credited_id credited_name gift_custom"
).split()
GIFT_FIELDS: Final[frozenset[Field]] = frozenset(field for field in FIELDS if field in _GIFT_FIELDS)
UNREAD_FIELDS: Final[frozenset[Field]] = frozenset(("row_no", "left_out"))
# Fields that several columns may have; of any other only the first column is read.
_MANY_FIELDS = (
    "email phone contact note title no_contact no_email no_phone no_post no_sms bounced consent "
    "custom gift_custom left_out row_no"
).split()
MANY_FIELDS: Final[frozenset[Field]] = frozenset(field for field in FIELDS if field in _MANY_FIELDS)

REASON_COLUMN: Final = "DonorHub: why"  # of held rows that are taken out to be mended
ROW_COLUMN: Final = "DonorHub: row"
DAY_COLUMN: Final = "DonorHub: month"  # of a table with a column a month, which has neither
AMOUNT_COLUMN: Final = "DonorHub: amount"
MONTH_COLUMNS: Final = (DAY_COLUMN, AMOUNT_COLUMN)  # behind the others
OUR_COLUMNS: Final = (REASON_COLUMN, ROW_COLUMN, DAY_COLUMN, AMOUNT_COLUMN)

_WORDS: Final[dict[Field, str]] = {
    "left_out": (
        "donorhub why|donorhub row|saldo|stan kasy|balance|running balance|bilanci|perfituesi|beneficiary"
    ),
    "row_no": "lp|l p|nr|no|nr rendor|nr rend|lfd nr|numer|rreshti|#",
    "person_id": (
        "contact id|id kontaktu|numer kontaktu|kontakt id|donor id|id darczyncy|nr darczyncy|"
        "numer darczyncy|constituent id|id donatori|id e donatorit|nr donatori|spender id|spendernummer|"
        "mitgliedsnummer|external identifier|zewnetrzny identyfikator|contact1 id|id osoby|person id|"
        "kod darczyncy|donor ref|donor reference|donor no|donor number|donor code|supporter id|supporter ref|"
        "supporter number|member id|member no|member number|membership number|nr czlonka|numer czlonka|"
        "nr czlonkowski|numer czlonkowski|id czlonka|kod czlonka|nr anetari|id e anetarit|kodi i donatorit|"
        "nr i donatorit|kundennummer"
    ),
    "gift_id": (
        "contribution id|id wplaty|nr wplaty|numer wplaty|id darowizny|numer darowizny|donation id|"
        "gift id|id dhurimi|nr dhurimi|transaction id|id transakcji|spenden id|spendennummer|id spende|"
        "zuwendungs id"
    ),
    "full_name": (
        "imie i nazwisko|nazwisko i imie|imie nazwisko|nazwisko imie|imiona i nazwisko|nazwisko i imiona|"
        "darczynca|adresat|wplacajacy|kto|kto wplacil|od kogo|osoba|nazwa darczyncy|"
        "imie i nazwisko darczyncy|dane darczyncy|kontrahent|nadawca|emri dhe mbiemri|emri mbiemri|"
        "emri e mbiemri|supporter|emer mbiemer|emri i plote|kush|donatori|marresi|addressee|"
        "emri i donatorit|dhuruesi|nga kush|name|full name|donor|donor name|contact name|display name|"
        "first and last name|giver|from whom|vor und nachname|name des spenders|spender|spenderin|"
        "wyswietlana nazwa|guest|guests|guest name|attendee|attendee name|participant|payer|payer name|"
        "uczestnik|uczestniczka|gosc|goscie|platnik|wplacajacy rodzic|od kogo komu|pjesemarresi|pjesemarres|"
        "i ftuari|mysafiri|paguesi|derguesi|urdheruesi|sender|remitter"
    ),
    "given_name": (
        "imie|imiona|first name|given name|forename|firstname|emri|emer|vorname|contact1 firstname"
    ),
    "family_name": (
        "nazwisko|last name|family name|surname|lastname|mbiemri|mbiemer|nachname|familienname|"
        "contact1 lastname"
    ),
    "organisation": (
        "firma|organizacja|nazwa firmy|nazwa organizacji|instytucja|company|organization|organisation|"
        "organization name|organisation name|company name|organizata|kompania|"
        "emri i organizates|emri i kompanise|organisationsname|unternehmen|account1 name"
    ),
    "contact_person": (
        "osoba kontaktowa|osoba do kontaktu|reprezentant|przedstawiciel|contact person|representative|"
        "personi i kontaktit|personi kontaktues|perfaqesuesi|ansprechpartner|ansprechperson"
    ),
    "position": "stanowisko|funkcja|rola|position|role|job title|pozita|pozicioni|funksioni|funktion",
    "household": (
        "gospodarstwo|gospodarstwo domowe|nazwa gospodarstwa|rodzina|household|household name|"
        "household account|household account name|familja|emri i familjes|haushalt"
    ),
    "household_id": (
        "id gospodarstwa|nr gospodarstwa|numer gospodarstwa|id rodziny|nr rodziny|household id|"
        "household account id|household number|nr i familjes|haushaltsnummer"
    ),
    "account_name": "account name",
    "account_id": "account id",
    "account_kind": "account record type",
    "joint_name": "formal greeting|household formal greeting",
    "salutation": "informal greeting|household informal greeting",
    "email": (
        "e mail|email|mail|adres e mail|adres email|adres mailowy|poczta elektroniczna|email address|"
        "e mail address|adresa e email|adresa elektronike|posta elektronike|posta|e posta|emaili|"
        "mailadresse|e mail adresse|personal email|home email|contact1 personal email"
    ),
    "phone": (
        "telefon|tel|nr telefonu|numer telefonu|nr tel|komorka|telefon komorkowy|phone|phone number|"
        "mobile|mobile phone|telefoni|nr telefoni|nr i telefonit|numri i telefonit|cel|celular|"
        "telefonnummer|handy|mobil|contact1 mobile phone|contact1 home phone"
    ),
    "contact": (
        "kontakt|kontakty|dane kontaktowe|kontakt do darczyncy|contact|contacts|contact details|contact info|"
        "kontakti|kontaktet|te dhenat e kontaktit|kontaktdaten"
    ),
    "address": (
        "adres|adres zamieszkania|adres korespondencyjny|pelny adres|full address|postal address|adresa|"
        "adresa e plote|anschrift|adresse"
    ),
    "street": (
        "ulica|ulica i numer|ulica i nr|ulica nr|street|street address|address line 1|address 1|rruga|"
        "strasse|strasse und hausnummer|strasse nr|supplemental address 1|home street|mailing street"
    ),
    "postcode": (
        "kod pocztowy|kod|postcode|postal code|zip|zip code|zip postal code|kodi postar|plz|postleitzahl|"
        "mailing zip postal code|home zip postal code"
    ),
    "city": (
        "miasto|miejscowosc|poczta|city|town|qyteti|vendbanimi|ort|stadt|wohnort|mailing city|home city"
    ),
    "country": "kraj|panstwo|country|shteti|vendi|land|mailing country|home country",
    "tax_number": "nip|nipt|nui|tax number|tax id|vat|vat number|steuernummer|ust id",
    "national_id": "pesel|nr pesel|numer pesel|national id|numri personal|nr personal|personal number",
    "born_on": (
        "data urodzenia|data ur|urodzony|urodzona|birth date|birthdate|date of birth|dob|born on|"
        "data e lindjes|datelindja|i lindur me|geburtsdatum|geboren am|contact1 birthdate"
    ),
    "second_born_on": "contact2 birthdate",
    "account": (
        "nr konta|numer konta|konto|rachunek|nr rachunku|numer rachunku|iban|account|account number|"
        "bank account|llogaria|nr llogarise|numri i llogarise|kontonummer"
    ),
    "lang": "jezyk|preferred language|language|gjuha|sprache|preferowany jezyk",
    "note": (
        "uwagi|notatki|notatka|komentarz|informacje dodatkowe|notes|note|comments|remarks|shenime|"
        "verejtje|notizen|bemerkung|bemerkungen|anmerkung"
    ),
    "consent": (
        "zgoda|zgody|zgoda rodo|rodo|zgoda marketingowa|zgoda na kontakt|zgoda na e mail|zgoda e mail|"
        "zgoda na newsletter|newsletter|consent|gdpr|opt in|subscribed|pelqim|pelqimi|miratim|"
        "einwilligung|zgoda na przetwarzanie danych"
    ),
    "no_contact": (
        "nie kontaktowac|nie kontaktowac sie|brak kontaktu|bez kontaktu|sprzeciw|do not contact|"
        "no contact|do not solicit|mos kontakto|nicht kontaktieren|kein kontakt|opt out|nie wysylaj|"
        "no bulk emails user opt out|no bulk emails|rezygnacja z masowych e maili"
    ),
    "no_email": (
        "nie wysylac e maili|nie mailowac|do not email|no email|email opt out|has opted out of email|"
        "unsubscribed|bez maila|keine e mail|nie wysylaj e maili|mos dergo email"
    ),
    "no_phone": (
        "nie dzwonic|nie telefonowac|do not phone|do not call|no phone calls|mos telefono|nicht anrufen|"
        "keine anrufe"
    ),
    "no_post": (
        "nie wysylac poczty|nie wysylac listow|bez listow|do not mail|no postal mail|mos dergo poste|"
        "mos dergo letra|keine post|keine briefe"
    ),
    "no_sms": "nie wysylac sms|nie wysylac sms ow|bez sms|do not sms|no sms|mos dergo sms|keine sms",
    "no_on": (
        "data sprzeciwu|data rezygnacji|data wypisania|data wypisu|opt out date|opted out on|"
        "unsubscribed on|unsubscribe date|unsub time|data e refuzimit|data e cregjistrimit|abmeldedatum|"
        "widerspruchsdatum"
    ),
    "bounced": "odbite|bounced|hard bounce|cleaned|adres nie dziala|unzustellbar|u kthye",
    "consent_on": (
        "data zgody|data wyrazenia zgody|data udzielenia zgody|zgoda data|zgoda z dnia|consent date|"
        "date of consent|consent given on|opt in date|data e pelqimit|einwilligungsdatum|"
        "datum der einwilligung"
    ),
    "consent_source": (
        "zrodlo zgody|zgoda zrodlo|sposob wyrazenia zgody|skad zgoda|consent source|source of consent|"
        "opt in source|burimi i pelqimit|quelle der einwilligung"
    ),
    "deceased": "zmarly|zmarla|nie zyje|deceased|is deceased|i vdekur|vdekur|verstorben",
    "amount": (
        "donorhub amount|kwota|"
        "kwota wplaty|kwota darowizny|wysokosc wplaty|wartosc|wplata|ile|ile zl|suma|amount|"
        "total amount|gift amount|donation amount|donation|sum|value|shuma|shuma e dhuruar|vlera|"
        "shuma e dhurimit|betrag|spendenbetrag|summe|gesamtbetrag|kwota calkowita|laczna kwota|gross|"
        "gross amount|przychod|przychody|wplyw|wplywy|uznanie|uznania|income|money in|paid in|te hyrat|hyrje|"
        "hyra|arketim|arketime|einnahme|einnahmen"
    ),
    "spent": (
        "rozchod|rozchody|wydatek|wydatki|obciazenie|obciazenia|expense|expenses|money out|paid out|te dalat|"
        "dalje|shpenzim|shpenzime|ausgabe|ausgaben"
    ),
    "currency": "waluta|currency|currency code|monedha|valuta|wahrung|donation currency",
    "received_on": (
        "donorhub month|data|data wplaty|"
        "data wplywu|data darowizny|dnia|dzien|kiedy|data ksiegowania|data otrzymania|"
        "date|gift date|donation date|received|received date|date received|received on|data e dhurimit|"
        "data e pageses|kur|dita|datum|spendendatum|eingangsdatum|zahlungsdatum|close date|"
        "contribution date"
    ),
    "method": (
        "metoda|metoda platnosci|sposob wplaty|sposob platnosci|forma wplaty|forma platnosci|"
        "rodzaj wplaty|payment method|method|paid by|payment instrument|menyra|menyra e pageses|"
        "zahlungsart|zahlungsmethode|zahlungsweise"
    ),
    "title": (
        "tytul|tytulem|tytul wplaty|tytul przelewu|tytul operacji|opis operacji|opis|opis wplaty|title|"
        "description|source|reference|pershkrimi|qellimi i pageses|arsyeja|arsyeja e pageses|titulli|"
        "verwendungszweck|zrodlo|betreff|quelle"
    ),
    "fund": (
        "fundusz|cel|cel wplaty|na co|na cel|przeznaczenie|projekt|fund|designation|purpose|"
        "financial type|fondi|qellimi|projekti|projekt fonds|fonds|spendenzweck|zweck|rodzaj finansowy|"
        "typ finansowy|finanztyp"
    ),
    "campaign": "kampania|akcja|zbiorka|campaign|campaign name|fushata|kampagne|donation campaign name",
    "status": (
        "status|stan|status wplaty|contribution status|stage|donation stage|statusi|gjendja|"
        "zuwendungsstatus|zuwendung status|gift status|payment status"
    ),
    "credit_for": "soft credit for contribution id|soft credit for donation id",
    "credit_amount": "soft credit amount|kwota soft credit",
    "credited_id": "soft credit contact id|soft credit to contact id|soft credited contact id",
    "credited_name": "soft credit|soft credit to|soft credited to|soft credited contact|zasluga dla",
    "receipt_no": (
        "nr potwierdzenia|numer potwierdzenia|nr zaswiadczenia|numer zaswiadczenia|receipt|"
        "receipt number|receipt no|nr fatures|nr vertetimit|numri i vertetimit|quittung|quittungsnummer|"
        "zuwendungsbestatigung"
    ),
}
_FIELD_BY_NAME: Final = {word: field for field, words in _WORDS.items() for word in words.split("|")}
_SHORTEST_PART: Final = 5  # letters of a word that tells inside a longer name
# Words that tell nothing inside a longer name: Income type, Guest of.
_WHOLE_NAMES: Final = frozenset(
    "balance|saldo|income|expense|expenses|guest|guests|wplyw|wplywy|uznanie|uznania|obciazenie|obciazenia|"
    "dalje|hyrje|participant|payer|goscie|gosc".split("|")
)
_PARTS: Final = sorted(
    (
        (word, field)
        for word, field in _FIELD_BY_NAME.items()
        if len(word) >= _SHORTEST_PART and word not in _WHOLE_NAMES
    ),
    key=lambda item: -len(item[0]),
)
# Shorter ones that tell all the same, as words of a longer name: Tel. kontaktowy.
_SHORT_PARTS: Final[dict[str, Field]] = {"tel": "phone", "gsm": "phone", "mail": "email", "nip": "tax_number"}
_NO_PARTS: Final[frozenset[Field]] = frozenset(
    ("row_no", "title", "status", "note", "lang", "contact", "position")
)
_ABOUT_CONTACT: Final = re.compile(
    r"mail|newslett|kontakt|contact|posta|poczt|sms|telefon|phone|call|dzwon|korespondenc|biuletyn|buletin|"
    r"marketing|rodo|gdpr|zgod|consent|pelqim|pranon|subscri|wysyl|permission"
)
_SAYS_NO: Final = re.compile(
    r"\b(?:nie|bez|brak|no|not|without|opt out|unsub\w*|mos|pa|kein\w*|nicht)\b|rezygn|sprzeciw"
)


def find_field(name: str) -> Field | None:
    """Return the field that the name of a column tells; of a name of two lines, the lower tells first.

    ``Imię i nazwisko / firma`` is the name of either.
    """
    lines = name.split(NAME_LINES)
    if {_FIELD_BY_NAME.get(fold_name(line)) for line in lines} >= {"full_name", "organisation"}:
        return "full_name"
    for part in (name, *reversed(lines)):
        if field := _FIELD_BY_NAME.get(fold_name(part)):
            return field
    for part in (*reversed(lines), name):
        if field := _find_by_part(UNITS.sub(" ", fold_name(part))):
            return field
    return None


_ANSWERED: Final[tuple[Field, ...]] = (
    "consent",
    "no_contact",
    "no_email",
    "no_phone",
    "no_post",
    "no_sms",
    "no_other",
    "bounced",
    "deceased",
    "custom",
)


def find_answered_field(name: str) -> Field | None:
    """Return the field of a column that says yes and no: whether somebody may be written to or called, where
    its name speaks of that at all.
    """
    field = find_field(name)
    if field in _ANSWERED:
        return field
    words = fold_name(name)
    if not _ABOUT_CONTACT.search(words):
        return None if field in ("email", "phone") else field
    return "no_contact" if _SAYS_NO.search(words) else "consent"


def _find_by_part(folded_text: str) -> Field | None:
    folded_text = " ".join(folded_text.split())
    if field := _FIELD_BY_NAME.get(folded_text):
        return field
    for word, field in _PARTS:
        if field not in _NO_PARTS and re.search(rf"\b{re.escape(word)}\b", folded_text):
            return field
    return next((_SHORT_PARTS[word] for word in folded_text.split() if word in _SHORT_PARTS), None)


def find_exact_field(name: str) -> Field | None:
    """Return the field that a column's whole name is the word for."""
    return _FIELD_BY_NAME.get(fold_name(name))


def is_field_name(name: str) -> bool:
    """Return whether a text is the name of a field, and not only contains it."""
    folded_text = fold_name(name)
    return (
        folded_text in _FIELD_BY_NAME
        or " ".join(UNITS.sub(" ", folded_text).split()) in _FIELD_BY_NAME
        or (
            bool(folded_text) and len(folded_text.split()) <= 4 and _find_by_part(folded_text) is not None  # noqa: PLR2004
        )
    )
