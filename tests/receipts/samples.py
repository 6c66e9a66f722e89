"""Receipts to test with: a foundation in Warsaw, and what a test wants otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from donorhub.money import Money, sum_money
from receipts import TEMPLATE_VERSION, DonorBlock, Line, Organisation, Receipt, get_pack
from receipts.document import Lang

FOUNDATION = Organisation(
    legal_name="Fundacja Żółty Dąb",
    address_lines=("ul. Długa 12/3", "00-238 Warszawa"),
    ids={"KRS": "0000123456", "NIP": "5252810770", "REGON": "360569593"},
    place="Warszawa",
    signatory_name="Małgorzata Święcka",
    signatory_role="skarbniczka",
    account="PL61109010140000071219812874",
    contact="biuro@example.org",
)
SHOQATA = Organisation(
    legal_name="Shoqata Përparimi",
    address_lines=("Rruga Nënë Tereza 5", "10000 Prishtinë"),
    ids={"NUI": "810123456"},
    place="Prishtinë",
    signatory_name="Gëzim Hoxha",
    signatory_role="drejtor ekzekutiv",
    account="XK051212012345678906",
    exemption="Status i përfitimit publik, vendimi nr. 12/2024",
)
JAN = DonorBlock(name_line="Jan Łukasiewicz-Żądło", address_lines=("ul. Kwiatowa 7", "31-001 Kraków"))
GIFT = Line(date(2026, 3, 5), Money(124650, "PLN"), "transfer", "pomoc prawna", "RF18 5390 0754 7034")


def receipt(**changes: Any) -> Receipt:
    """One gift of 1,246.50 zł from Jan, issued in Polish under the Polish rules."""
    made = Receipt(
        number="2026/000123",
        kind="single",
        state="issued",
        jurisdiction="PL",
        rule_pack_version=get_pack("PL", date(2026, 3, 9)).version,
        template_version=TEMPLATE_VERSION,
        lang="pl",
        issued_on=date(2026, 3, 9),
        organisation=FOUNDATION,
        donor=JAN,
        lines=(GIFT,),
        total=GIFT.amount,
    )
    return replace(made, **changes)


def in_country(country: str, lang: Lang, **changes: Any) -> Receipt:
    version = get_pack(country, date(2026, 3, 9)).version
    return receipt(jurisdiction=country, rule_pack_version=version, lang=lang, **changes)


def annual(count: int, **changes: Any) -> Receipt:
    """A year's gifts of Jan, one every six days."""
    lines = tuple(
        Line(
            date(2025, 1, 2) + timedelta(days=6 * n),
            Money(5000 + 7 * n, "PLN"),
            "standing_order",
            "cele statutowe",
        )
        for n in range(count)
    )
    held: dict[str, Any] = {
        "kind": "annual",
        "lines": lines,
        "total": sum_money((line.amount for line in lines), "PLN"),
        "period": (date(2025, 1, 1), date(2025, 12, 31)),
    }
    return receipt(**(held | changes))
