"""The single decisions of recurring gifts that tests/test_shown_single.py takes at each door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from donorhub.db import db
from donorhub.models import RecurringGift
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.giving import gifts
from donorhub.services.recurring import inferred, instalments, mandates, recurring_gifts
from tests.shown_worlds import TODAY, Deed, Fields, by_other
from tests.web import desk


def prepare_promise() -> None:
    """Anna promises 30.00 each month from 15 September on."""
    desk.add_recurring(desk.add_donor())


def prepare_paused() -> None:
    prepare_promise()
    change_promise(
        lambda gift: recurring_gifts.pause_recurring_gift(gift, from_on=TODAY, until=None, **by_other())
    )()


def prepare_ended() -> None:
    """It was closed in September, and the money came again in October."""
    gift = desk.add_recurring(desk.add_donor(), start_on=date(2026, 8, 15))
    recurring_gifts.close_recurring_gift(gift, reason="asked", on=date(2026, 9, 20), **by_other())
    db.session.commit()
    desk.add_gift(gift.donor, "30.00", on=date(2026, 10, 15))


def prepare_other_amount() -> None:
    """40.00 came twice where 30.00 is promised."""
    gift = desk.add_recurring(desk.add_donor())
    for day in (date(2026, 10, 15), date(2026, 11, 16)):
        desk.add_gift(gift.donor, "40.00", on=day, method="transfer")


def prepare_found() -> None:
    """30.00 came on the 15th of four months, and somebody is to say whether that is a recurring gift."""
    organisation.get_organisation().recurring_from_points = 100
    donor = desk.add_donor()
    for month in (7, 8, 9, 10):
        desk.add_gift(donor, "30.00", on=date(2026, month, 15 + (month == 8) * 2), method="transfer")
    inferred.infer_recurring_gifts([donor.id], **by_other())
    db.session.commit()


def prepare_debit() -> None:
    """A direct debit with a mandate that is signed."""
    prepare_promise()
    gift = recurring_gifts.get_recurring_gift(1)
    gift.kind, gift.charged_by = "direct_debit", "us"
    db.session.commit()
    write_mandate("DH1")()


def write_mandate(reference: str) -> Callable[[], None]:
    new = mandates.NewMandate(reference=reference, state="signed")
    return change_promise(lambda gift: mandates.record_mandate(gift, new, **by_other()))


def change_promise(act: Callable[[RecurringGift], object]) -> Callable[[], None]:
    def change() -> None:
        act(recurring_gifts.get_recurring_gift(1))
        db.session.commit()

    return change


def take_gift_out() -> None:
    gifts.correct_gift(1, reason="wrong", source_ref="x", **by_other())
    db.session.commit()


def raise_amount(gift: RecurringGift) -> object:
    return recurring_gifts.change_amount(gift, Money(4500, "PLN"), from_on=date(2026, 12, 1), **by_other())


def refuse_mandate() -> None:
    mandates.change_mandate(mandates.get_mandate(1), "refused", on=TODAY, reason="phone", **by_other())
    db.session.commit()


def let_instalment_go() -> None:
    instalments.skip_instalment(2, reason="agreed", **by_other())
    db.session.commit()


def miss_instalment() -> None:
    """The instalment of November was late when it was shown, and is missed by now."""
    instalments.get_instalment(3).state = "missed"
    db.session.commit()


PROMISE = "/recurring-gifts/1"


def _of_promise(path: str, fields: Fields, body: Fields, **more: Any) -> Deed:
    told = {"prepare": prepare_promise, "change": change_promise(raise_amount), "name": path, **more}
    return Deed(
        page=PROMISE,
        path=f"{PROMISE}/{path}",
        fields=fields,
        body=body,
        api_page=PROMISE,
        api_path=f"{PROMISE}/{'change' if path == 'amount' else path}",
        **told,
    )


PROMISE_DEEDS = (
    _of_promise(
        "amount",
        {"amount": "50", "currency": "PLN", "from_on": "2026-12-01"},
        {"amount": {"amount": "50.00", "currency": "PLN"}, "from_on": "2026-12-01"},
    ),
    _of_promise("pause", {"pause_from_on": "2026-11-22", "until": ""}, {"from_on": "2026-11-22"}),
    _of_promise("resume", {}, {"from_on": "2026-11-22"}, prepare=prepare_paused),
    _of_promise("close", {"reason": "moved"}, {"reason": "moved"}),
    _of_promise("go-on", {}, {}, prepare=prepare_ended, change=take_gift_out),
    _of_promise("accept", {}, {}, prepare=prepare_found),
    _of_promise("not-recurring", {}, {}, prepare=prepare_found),
    _of_promise("accept-amount", {}, {}, prepare=prepare_other_amount, change=take_gift_out),
    Deed(
        "record mandate",
        prepare_debit,
        write_mandate("DH3"),
        PROMISE,
        f"{PROMISE}/mandates",
        {"reference": "DH2", "mandate_state": "signed"},
        api_page=PROMISE,
        api_path="/mandates",
        body={"recurring_gift_id": 1, "reference": "DH2", "state": "signed"},
    ),
    Deed(
        "skip",
        prepare_promise,
        miss_instalment,
        PROMISE,
        "/recurring-gifts/instalments/3/skip",
        api_page="/instalments?recurring_gift_id=1&sort=id",
        api_path="/instalments/3/skip",
        api_digest=lambda answer: answer["data"][2]["digest"],
    ),
    Deed(
        "mandate",
        prepare_debit,
        refuse_mandate,
        PROMISE,
        "/recurring-gifts/mandates/1",
        {"new_state": "active", "mandate_on": "2026-11-22", "mandate_reason": ""},
        api_page="/mandates/1",
        api_path="/mandates/1/change",
        body={"state": "active", "on": "2026-11-22"},
    ),
    Deed(
        "count",
        prepare_other_amount,
        let_instalment_go,
        PROMISE,
        "/recurring-gifts/instalments/2/count",
        {"gift_id": "1"},
        api_page="/instalments?recurring_gift_id=1&sort=id",
        api_path="/instalments/2/count",
        body={"gift_id": 1},
        api_digest=lambda answer: answer["data"][1]["digest"],
    ),
)
