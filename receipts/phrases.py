"""The words printed on receipts in English, Polish and Albanian, apart from the law's.

What a country's rules want said stands in the rule packs; here are headings, labels
and marks. [K] Polish and Albanian are to be proof-read by native speakers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from receipts.document import Lang

LANGUAGES: Final[tuple[Lang, ...]] = ("en", "pl", "sq")

PHRASES: Final[Mapping[Lang, Mapping[str, str]]] = {
    "en": {
        "number": "No.",
        "issued_on": "Date of issue",
        "donor": "Donor",
        "recipient": "Received by",
        "account": "Account",
        "confirm_single": "We confirm that we have received the donation described below.",
        "confirm_annual": "We confirm that we have received the donations listed below.",
        "period": "Period",
        "amount": "Amount",
        "total": "Total",
        "in_words": "in words",
        "date_received": "Date received",
        "method": "Method",
        "purpose": "Purpose",
        "reference": "ref.",
        "lines_single": "Donation",
        "lines_annual": "Donations",
        "thanks": "Thank you for your support.",
        "signature": "signature",
        "page": "page",
        "replaces": "Replaces no.",
        "replaced_by": "Replaced by no.",
        "mark_draft": "DRAFT",
        "mark_void": "VOID",
        "mark_copy": "COPY",
        "void_on": "Void since",
        "reason": "Reason",
        "draft_note": "This is a draft without a number. It confirms nothing.",
        "void_note": "This receipt is void and must not be used.",
        "copy_note": "Copy of a receipt already issued under the same number.",
    },
    "pl": {
        "number": "nr",
        "issued_on": "Data wystawienia",
        "donor": "Darczyńca",
        "recipient": "Obdarowany",
        "account": "Rachunek",
        "confirm_single": "Potwierdzamy otrzymanie opisanej niżej darowizny.",
        "confirm_annual": "Potwierdzamy otrzymanie wymienionych niżej darowizn.",
        "period": "Okres",
        "amount": "Kwota",
        "total": "Razem",
        "in_words": "słownie",
        "date_received": "Data wpływu",
        "method": "Forma wpłaty",
        "purpose": "Cel",
        "reference": "ozn.",
        "lines_single": "Darowizna",
        "lines_annual": "Darowizny",
        "thanks": "Dziękujemy za wsparcie.",
        "signature": "podpis",
        "page": "strona",
        "replaces": "Zastępuje nr",
        "replaced_by": "Zastąpione przez nr",
        "mark_draft": "PROJEKT",
        "mark_void": "ANULOWANE",
        "mark_copy": "KOPIA",
        "void_on": "Anulowane dnia",
        "reason": "Powód",
        "draft_note": "To jest projekt bez numeru. Niczego nie potwierdza.",
        "void_note": "To potwierdzenie zostało anulowane i nie może być używane.",
        "copy_note": "Kopia potwierdzenia wystawionego już pod tym samym numerem.",
    },
    "sq": {
        "number": "nr.",
        "issued_on": "Data e lëshimit",
        "donor": "Donatori",
        "recipient": "Pranuesi",
        "account": "Llogaria",
        "confirm_single": "Konfirmojmë se kemi pranuar donacionin e përshkruar më poshtë.",
        "confirm_annual": "Konfirmojmë se kemi pranuar donacionet e renditura më poshtë.",
        "period": "Periudha",
        "amount": "Shuma",
        "total": "Gjithsej",
        "in_words": "me fjalë",
        "date_received": "Data e pranimit",
        "method": "Mënyra e pagesës",
        "purpose": "Qëllimi",
        "reference": "ref.",
        "lines_single": "Donacioni",
        "lines_annual": "Donacionet",
        "thanks": "Faleminderit për mbështetjen.",
        "signature": "nënshkrimi",
        "page": "faqja",
        "replaces": "Zëvendëson nr.",
        "replaced_by": "Zëvendësuar me nr.",
        "mark_draft": "DRAFT",
        "mark_void": "I ANULUAR",
        "mark_copy": "KOPJE",
        "void_on": "Anuluar më",
        "reason": "Arsyeja",
        "draft_note": "Ky është një draft pa numër. Nuk vërteton asgjë.",
        "void_note": "Ky vërtetim është anuluar dhe nuk mund të përdoret.",
        "copy_note": "Kopje e një vërtetimi të lëshuar tashmë me të njëjtin numër.",
    },
}

METHODS: Final[Mapping[str, Mapping[Lang, str]]] = {
    "transfer": {"en": "bank transfer", "pl": "przelew", "sq": "transfertë bankare"},
    "standing_order": {"en": "standing order", "pl": "zlecenie stałe", "sq": "urdhër i përhershëm"},
    "direct_debit": {"en": "direct debit", "pl": "polecenie zapłaty", "sq": "debitim direkt"},
    "card": {"en": "card", "pl": "karta", "sq": "kartë"},
    "online": {"en": "online payment", "pl": "płatność internetowa", "sq": "pagesë në internet"},
    "cheque": {"en": "cheque", "pl": "czek", "sq": "çek"},
    "cash": {"en": "cash", "pl": "gotówka", "sq": "para në dorë"},
    "in_kind": {"en": "in kind", "pl": "darowizna rzeczowa", "sq": "donacion në natyrë"},
    "other": {"en": "other", "pl": "inna forma", "sq": "tjetër"},
}


def get_method_name(key: str, lang: Lang) -> str:
    """Return the method's name; one we do not know is ``other``, and :func:`receipts.check_receipt` warns
    of it.
    """
    return METHODS.get(key, METHODS["other"])[lang]
