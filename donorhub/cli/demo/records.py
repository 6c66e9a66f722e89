"""What the demo's office knows of its people beside their gifts: fields of its own, tags, consents and noes,
calls and visits, relations, a household, letters; and records that may be one person, for somebody to decide.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from PIL import Image, ImageDraw
from sqlalchemy import select

from donorhub.cli.demo import history
from donorhub.cli.demo.history import PastGift
from donorhub.cli.demo.people import FAMILY_NAMES, Person
from donorhub.db import db
from donorhub.domain.recurring.banking_days import roll_forward
from donorhub.domain.recurring.schedule import add_months
from donorhub.jobs.queue import timer
from donorhub.models import Donor, Fund
from donorhub.models.states import CallOutcome, ConsentChannel, CustomKind, InteractionKind, Lang
from donorhub.money import Money
from donorhub.services.access import logo, organisation
from donorhub.services.donors import (
    custom_fields,
    custom_values,
    donors,
    households,
    interactions,
    memberships,
    relationships,
    tags,
)
from donorhub.services.donors.custom_values import Values
from donorhub.services.donors.donor_fields import DonorFields, leave_out, select_fields
from donorhub.services.donors.interactions import NewInteraction
from donorhub.services.messages import consent_texts, consents, letters, writing
from donorhub.services.messages.consents import NewConsent, SaidState
from donorhub.services.messages.writing import Wish
from donorhub.services.recurring import inferred

ACTOR: Final = "cli:demo"
SOURCE: Final = "import:mailing-list"
AUTHOR: Final = "Marta Zielińska"
HEARD: Final = (  # key, and its name in English, Polish and Albanian
    ("friend", "From a friend", "Od znajomych", "Nga një mik"),
    ("web", "On our website", "Na naszej stronie", "Në faqen tonë"),
    ("event", "At an event", "Na wydarzeniu", "Në një ngjarje"),
    ("press", "From the press", "Z prasy", "Nga shtypi"),
)
WORDING: Final[dict[Lang, str]] = {
    "en": "I would like to hear by e-mail what the foundation does.",
    "pl": "Chcę otrzymywać pocztą elektroniczną wiadomości o działaniach fundacji.",
    "sq": "Dua të marr me postë elektronike lajme për punën e fondacionit.",
}
CALLS: Final[tuple[tuple[InteractionKind, CallOutcome | None, str], ...]] = (
    ("call", "reached", "Asked how the legal clinic is doing; would like to visit it in spring."),
    ("call", "no_answer", ""),
    ("call", "call_back", "On holiday until Monday."),
    ("meeting", None, "Coffee after the debate on the draft law. Knows two lawyers who would help."),
    ("visit", None, "Came to the office with the grandchildren, brought books for the library."),
    ("note", None, "Prefers letters to e-mails."),
)
# Who stands in the list a second time: place of the donor, what is not known of them there, what differs.
TWINS: Final[tuple[tuple[int, tuple[str, ...], DonorFields], ...]] = (
    (3, ("street", "postcode", "city"), {}),
    (17, ("email",), {}),
    (46, ("street",), {"family_name": "Gżegżółka-Lis"}),  # as after a wedding
    (92, ("email",), {"given_name": "Piotrek"}),
)
MONTHLY: Final = (  # who pays each month without having told: name, zlotys, for how many months, how many days apart
    ("Halina", "Bąk", 50, 14, 0),
    ("Roman", "Sikora", 30, 4, 5),
)


def add_records(people: Sequence[Person], *, now: datetime) -> None:
    """Write what is known of the people, and look for duplicates and standing orders as the clock does.
    Commits as it goes.
    """
    logo.keep_logo(draw_logo(), now=now, actor=ACTOR)
    _fill_own_fields(people, now=now)
    _give_tags(people, now=now)
    _record_consents(people, now=now)
    _record_interactions(people, now=now)
    _relate_people(people, now=now)
    _write_letters(people, now=now)
    _add_twins(people, now=now)
    _add_family(people, now=now)
    _add_regular_givers(now=now)
    db.session.commit()
    timer.look_for_duplicates(is_whole=True)


def draw_logo() -> bytes:
    """Return an open eye, as a PNG."""
    picture = Image.new("RGBA", (480, 240), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    teal = (31, 92, 90, 255)
    pen.ellipse((4, 30, 476, 210), fill=teal)
    pen.ellipse((28, 50, 452, 190), fill="white")
    pen.ellipse((170, 50, 310, 190), fill=teal)
    pen.ellipse((212, 92, 268, 148), fill="white")
    place = io.BytesIO()
    picture.save(place, "PNG")
    return place.getvalue()


def _fill_own_fields(people: Sequence[Person], *, now: datetime) -> None:
    """Add three fields of the organisation's own, and fill them for some."""
    then = now - timedelta(days=200)
    heard = custom_fields.create_field(
        "choice",
        {"en": "How they heard of us", "pl": "Skąd o nas wie", "sq": "Si mësoi për ne"},
        key="heard",
        now=then,
        actor=ACTOR,
    )
    for key, english, polish, albanian in HEARD:
        custom_fields.add_option(
            heard, {"en": english, "pl": polish, "sq": albanian}, key=key, now=then, actor=ACTOR
        )
    others: tuple[tuple[CustomKind, str, str, str, str], ...] = (
        (
            "yes_no",
            "printed",
            "Wants the annual report on paper",
            "Chce raport roczny na papierze",
            "Raporti në letër",
        ),
        ("text", "employer", "Employer", "Pracodawca", "Punëdhënësi"),
    )
    for kind, key, english, polish, albanian in others:
        custom_fields.create_field(
            kind, {"en": english, "pl": polish, "sq": albanian}, key=key, now=then, actor=ACTOR
        )
    db.session.flush()
    values: dict[int, Values] = {
        person.donor.id: {"heard": HEARD[place % 4][0], "printed": place % 3 == 0}
        for place, person in enumerate(people)
        if place % 5 == 0
    }
    custom_values.write_first_values(values, custom_fields.list_shapes())


def _give_tags(people: Sequence[Person], *, now: datetime) -> None:
    for name, step in (("Friends of the library", 17), ("Lawyers' circle", 29), ("Monthly letter", 41)):
        for person in people[step::step]:
            tags.add_tag(person.donor.id, name, source="form", now=now - timedelta(days=30), actor=ACTOR)


def _record_consents(people: Sequence[Person], *, now: datetime) -> None:
    """Record who wants to hear of us, who does so no more, and who said no to a channel."""
    day = organisation.get_day(now)
    texts = {
        lang: consent_texts.add_text(
            "consent", lang, body, valid_from=day - timedelta(days=400), now=now, actor=ACTOR
        )[0].id
        for lang, body in WORDING.items()
    }
    said: tuple[tuple[int, int, SaidState, ConsentChannel, str], ...] = (
        (4, 90, "given", "email", "form on our website"),
        (44, 20, "withdrawn", "email", "wrote to the office"),
        (27, 35, "opt_out", "phone", "told us on the phone"),
        (58, 50, "opt_out", "post", "letter"),
    )
    for step, days, state, channel, source in said:
        for person in people[step::step]:
            donor = person.donor
            if donor.kind != "person" or donor.do_not_contact or days > person.joined_days_ago:
                continue
            new = NewConsent(
                state,
                source,
                day - timedelta(days=days),
                purpose="bulletin" if channel == "email" else "all",
                channel=channel,
                reason="" if state != "opt_out" else source,
                text_id=texts[donor.lang] if state == "given" else None,
            )
            consents.record_consent(donor, new, now=now, actor=ACTOR)


def _record_interactions(people: Sequence[Person], *, now: datetime) -> None:
    for number, person in enumerate(people[6::12]):
        kind, outcome, text = CALLS[number % len(CALLS)]
        new = NewInteraction(
            kind=kind,
            at=now - timedelta(days=1 + number, hours=2),
            text=text,
            direction=None if kind == "note" else "out",
            outcome=outcome,
        )
        interactions.record_interaction(person.donor.id, new, source="form", now=now, actor=ACTOR)


def _relate_people(people: Sequence[Person], *, now: datetime) -> None:
    """Give each organisation somebody who speaks for it, and some people a membership."""
    day = organisation.get_day(now)
    persons = [one.donor for one in people if one.donor.kind == "person" and not one.donor.do_not_contact]
    for place, person in enumerate(one for one in people if one.donor.kind == "organisation"):
        relationships.add_relationship(
            persons[place * 9].id,
            person.donor.id,
            "contact_person_of",
            title="director" if place % 2 else "office manager",
            since_on=day - timedelta(days=300),
            now=now,
            actor=ACTOR,
        )
    for donor in persons[2:60:11]:
        memberships.start_membership(
            donor.id,
            "Friends of the foundation",
            since_on=day - timedelta(days=120),
            fee=Money(12000, "PLN"),
            now=now,
            actor=ACTOR,
        )


def _write_letters(people: Sequence[Person], *, now: datetime) -> None:
    """Write two letters, of which one is posted."""
    readers = [one.donor for one in people if one.donor.kind == "person" and one.donor.lang == "en"]
    wish = Wish(
        "post",
        "personal",
        "transactional",
        "Your visit to the library",
        "thank you for coming to our open day. **The reading room stays open** because of friends like you.",
    )
    for number, donor in enumerate(readers[:2]):
        then = now - timedelta(days=3 * number, hours=1)
        digest = writing.draft_message(donor, wish, author=AUTHOR, now=then).digest
        letter, _ = writing.write_to_donor(
            donor,
            wish,
            digest=digest,
            key="demo",
            author=AUTHOR,
            now=then,
            actor=ACTOR,
            domain="demo.example",
        )
        if number == 1:
            letters.mark_as_posted([letter], now=then + timedelta(hours=1), actor=ACTOR)


def _add_twins(people: Sequence[Person], *, now: datetime) -> None:
    """Let some people be in the list twice, each time with something that differs."""
    for place, unknown, differences in TWINS:
        twin: DonorFields = {**leave_out(_copy_fields(people[place].donor), unknown), **differences}
        twin["name"] = f"{twin['given_name']} {twin['family_name']}"
        donors.create_donor(twin, source=SOURCE, now=now - timedelta(days=6), actor=ACTOR)


def _add_family(people: Sequence[Person], *, now: datetime) -> None:
    """Add a household of two, and somebody who may live with a donor, which a person is asked about."""
    then = now - timedelta(days=40)
    head = next(one.donor for one in people[30:] if _is_wife(one))
    shared = _copy_fields(head)
    partner = donors.create_donor(
        {**_name_partner(shared, "Stanisław"), "email": ""}, source=SOURCE, now=then, actor=ACTOR
    )
    address = select_fields(shared, ("street", "postcode", "city", "country", "lang"))
    household = donors.create_donor(
        {**address, "kind": "household", "name": head.family_name}, source=SOURCE, now=then, actor=ACTOR
    )
    for member in (head, partner):
        households.add_member(household, member, role="partner", is_head=True, now=then, actor=ACTOR)
    households.take_joint_name(household, now=then, actor=ACTOR)
    other = next(one.donor for one in people[70:] if _is_wife(one) and one.donor.email)
    neighbour = _name_partner(_copy_fields(other), "Wojciech")
    donors.create_donor(neighbour, source=SOURCE, now=now - timedelta(days=6), actor=ACTOR)


def _is_wife(person: Person) -> bool:
    """Return whether a donor is a Polish woman, whose surname has a form for a man."""
    donor = person.donor
    return donor.kind == "person" and donor.lang == "pl" and donor.given_name.endswith("a")


def _name_partner(fields: DonorFields, given_name: str) -> DonorFields:
    family_name = dict(FAMILY_NAMES["pl"])[fields["family_name"]]
    return {
        **fields,
        "given_name": given_name,
        "family_name": family_name,
        "name": f"{given_name} {family_name}",
    }


def _add_regular_givers(*, now: datetime) -> None:
    """Add two who pay by a standing order that nobody told of, and look for such orders."""
    today = organisation.get_day(now)
    fund_id = db.session.scalars(select(Fund.id).order_by(Fund.id)).first()
    assert fund_id is not None  # noqa: S101  giving added the funds
    for given_name, family_name, zlotys, months, spread in MONTHLY:
        donor = donors.create_donor(
            {
                "kind": "person",
                "given_name": given_name,
                "family_name": family_name,
                "country": "PL",
                "lang": "pl",
            },
            source=SOURCE,
            now=now - timedelta(days=31 * months),
            actor=ACTOR,
        )
        history.write_gifts(
            list(_make_payments(donor, zlotys, months, spread, fund_id, today, now)), actor=ACTOR
        )
    db.session.flush()
    for ids in inferred.stream_new_donor_ids():
        inferred.infer_recurring_gifts(ids, now=now)
    inferred.finish_look(now=now)


def _make_payments(
    donor: Donor, zlotys: int, months: int, spread: int, fund_id: int, today: date, now: datetime
) -> Iterator[PastGift]:
    for back in range(months, 0, -1):
        paid_on = roll_forward(add_months(today, -back, day=10 + back % 2 * spread), "PL")
        yield PastGift(
            donor.id,
            Money(zlotys * 100, "PLN"),
            paid_on,
            now - (today - paid_on),
            f"{donor.id}:monthly:{back}",
            "transfer",
            fund_id,
        )


def _copy_fields(donor: Donor) -> DonorFields:
    return {
        "kind": "person",
        "given_name": donor.given_name,
        "family_name": donor.family_name,
        "name": donor.name,
        "email": donor.email,
        "lang": donor.lang,
        "street": donor.street,
        "postcode": donor.postcode,
        "city": donor.city,
        "country": donor.country,
    }
