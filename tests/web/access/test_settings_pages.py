"""Settings on pages: the organisation, what gifts are for, users, tokens, endpoints, one's own account."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import ApiToken, Appeal, Campaign, Fund, Organisation, User, WebhookEndpoint
from donorhub.services.access import organisation, users
from donorhub.services.providers import endpoints
from tests.web.bank.bank_world import Staff, let_write, start_session, token_in, words_of
from tests.web.desk import ACTOR, rows

OURS = {
    "legal_name": "Fundacja Otwarte Oczy",
    "street": "ul. Prosta 1",
    "postcode": "00-001",
    "city": "Warszawa",
    "country": "PL",
    "id_KRS": "0000123456",
    "lang": "pl",
    "time_zone": "Europe/Warsaw",
    "home_currency": "PLN",
    "jurisdiction": "PL",
    "receipt_series": "R",
}
PASSWORD = "a long enough password"


@pytest.fixture
def admin(database: Flask) -> Staff:
    return Staff(database, "admin")


def secret_in(page: str) -> str:
    found = re.search(r'id="secret">([^<]+)<', page)
    assert found
    return found.group(1)


def test_the_organisation_is_saved(admin: Staff) -> None:
    assert admin.post("/settings/organisation", **OURS).status_code == 302
    let_write()
    ours = db.session.scalars(select(Organisation)).one()
    assert (ours.legal_name, ours.ids) == ("Fundacja Otwarte Oczy", {"KRS": "0000123456"})
    assert "0000123456" in admin.get("/settings/organisation").text


def list_chosen(page: str, name: str) -> list[str]:
    box = re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.S)
    assert box
    return re.findall(r'<option value="(\w+)"[^>]* selected', box.group(0))


def test_first_language_is_who_describes_us(database: Flask) -> None:
    """Until the organisation is described its letters are offered in the language of who describes it; from
    then on in its own, and new staff read it too."""
    organisation.get_organisation().legal_name = "Our organisation"
    db.session.commit()
    polish = Staff(database, "admin", lang="pl")
    assert list_chosen(polish.get("/settings/organisation").text, "lang") == ["pl"]
    polish.post("/settings/organisation", **OURS)
    albanian = Staff(database, "admin", lang="sq")
    assert list_chosen(albanian.get("/settings/organisation").text, "lang") == ["pl"]
    assert list_chosen(albanian.get("/settings/users").text, "lang") == ["pl"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("legal_name", ""),
        ("time_zone", "Warsaw"),
        ("home_currency", "złoty"),
        ("receipt_series", "ą/ß"),
        ("receipt_series", "ELEVENSIGNS"),
        ("jurisdiction", "DE"),
        ("lang", "de"),
    ],
)
def test_a_wrong_organisation_is_not_saved(admin: Staff, name: str, value: str) -> None:
    answer = admin.post("/settings/organisation", **{**OURS, name: value})
    assert answer.status_code == 422 and f'id="f-{name}" name="{name}" aria-invalid="true"' in answer.text
    let_write()
    assert db.session.scalars(select(Organisation.legal_name)).one() == "Fundacja Przykład"


def test_funds_are_added_and_closed(database: Flask) -> None:
    """Funds, campaigns and appeals are added, a wrong one is refused, and a fund is closed and opened."""
    staff = Staff(database, "accountant")
    for kind in ("fund", "campaign", "appeal"):
        assert staff.post("/settings/funds", kind=kind, name=f"A {kind}", code=f"{kind}-1").status_code == 302
    before = rows()
    assert "This code is taken." in words_of(
        staff.post("/settings/funds", kind="fund", name="x", code="fund-1").text
    )
    assert staff.post("/settings/funds", kind="fund", name="", code="y").status_code == 422
    assert rows() == before
    fund = db.session.scalars(select(Fund).filter_by(code="fund-1")).one()
    fund_id = fund.id
    for is_closed in ("1", "0", "1"):
        staff.post(f"/settings/funds/{fund_id}", is_closed=is_closed)
    let_write()
    assert db.session.get(Fund, fund_id).is_closed  # type: ignore[union-attr]
    assert db.session.scalars(select(Campaign.name)).all() == ["A campaign"]
    assert db.session.scalars(select(Appeal.name)).all() == ["A appeal"]


def test_new_password_is_shown_once(admin: Staff) -> None:
    """A user is added with a password that is shown once."""
    answer = admin.post("/settings/users", name="Ola", email="ola@example.org", lang="pl", roles=["caller"])
    password = secret_in(answer.text)
    assert len(password) >= 12 and answer.headers["Cache-Control"] == "no-store"
    assert password not in admin.get("/settings/users").text
    user = users.find_user("ola@example.org")
    assert user is not None and [role.name for role in user.roles] == ["caller"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"roles": []}, "Choose at least one."),
        ({"roles": ["king"]}, "Choose at least one."),
        ({"email": "nobody"}, "This is no e-mail address."),
        ({"email": "admin-en@example.org"}, "There is a user with this address already."),
        ({"name": ""}, "Please fill this in."),
    ],
)
def test_a_wrong_user_is_not_added(admin: Staff, fields: dict[str, object], sentence: str) -> None:
    before = rows()
    right: dict[str, object] = {"name": "Ola", "email": "ola@example.org", "lang": "pl", "roles": ["caller"]}
    answer = admin.post("/settings/users", **{**right, **fields})
    assert answer.status_code == 422 and sentence in words_of(answer.text)
    assert rows() == before


def test_roles_change_and_somebody_stays_administrator(admin: Staff, database: Flask) -> None:
    Staff(database, "caller")
    caller, me = users.find_user("caller-en@example.org"), users.find_user("admin-en@example.org")
    assert caller and me
    caller_id, my_id = caller.id, me.id
    assert admin.post(f"/settings/users/{caller_id}/roles", roles=["steward", "caller"]).status_code == 302
    refused = admin.post(f"/settings/users/{my_id}/roles", roles=["caller"])
    assert refused.status_code == 422 and "Somebody must stay administrator" in words_of(refused.text)
    assert admin.post(f"/settings/users/{my_id}/active", active="no").status_code == 422
    assert admin.post(f"/settings/users/{caller_id}/active", active="no").status_code == 302
    let_write()
    assert db.session.get(User, my_id).active  # type: ignore[union-attr]
    assert not db.session.get(User, caller_id).active  # type: ignore[union-attr]
    admin.post(f"/settings/users/{caller_id}/active", active="yes")
    let_write()
    assert db.session.get(User, caller_id).active  # type: ignore[union-attr]


def test_changed_user_is_signed_out(admin: Staff, database: Flask) -> None:
    """A user who was shut out or got a new password is signed out at once."""
    caller = Staff(database, "caller")
    user = users.find_user("caller-en@example.org")
    assert user is not None
    user_id = user.id
    assert caller.get("/").status_code == 200
    page = admin.post(f"/settings/users/{user_id}/password").text
    assert users.find_user("caller-en@example.org") and secret_in(page)
    assert caller.get("/").status_code == 302


def test_token_is_shown_once_then_revoked(admin: Staff, database: Flask) -> None:
    """A token is shown once, works, and can be revoked."""
    answer = admin.post("/settings/tokens", name="website", scopes=["donors:read"], expires_on="2027-01-01")
    text = secret_in(answer.text)
    assert text.startswith("dhk_") and text not in admin.get("/settings/tokens").text
    let_write()
    assert users.authenticate_token(text, now=clock.now()).permissions == {"donors:read"}
    token_id = db.session.scalars(select(ApiToken.id)).one()
    assert admin.post(f"/settings/tokens/{token_id}/revoke").status_code == 302
    assert "revoked" in admin.text("/settings/tokens")


@pytest.mark.parametrize(
    "fields",
    [{"scopes": []}, {"scopes": ["all"]}, {"name": ""}, {"expires_on": "2026-11-22"}, {"expires_on": "x"}],
)
def test_a_wrong_token_is_not_made(admin: Staff, fields: dict[str, object]) -> None:
    before = rows()
    right: dict[str, object] = {"name": "website", "scopes": ["donors:read"]}
    assert admin.post("/settings/tokens", **{**right, **fields}).status_code == 422
    assert rows() == before


def test_endpoint_never_shows_its_secret(admin: Staff) -> None:
    """An endpoint shows its address and never its secret."""
    answer = admin.post("/settings/webhooks", provider="stripe", secret="whsec_very", livemode="1")
    assert answer.status_code == 302
    endpoint = db.session.scalars(select(WebhookEndpoint)).one()
    endpoint_id, slug = endpoint.id, endpoint.slug
    page = admin.get("/settings/webhooks").text
    assert f"/webhooks/stripe/{slug}" in page and "whsec_very" not in page
    assert endpoints.open_endpoint("stripe", slug, now=clock.now()).secrets[0].value == "whsec_very"
    assert admin.post(f"/settings/webhooks/{endpoint_id}/secrets", new_secret="").status_code == 422
    assert admin.post(f"/settings/webhooks/{endpoint_id}/secrets", new_secret="whsec_new").status_code == 302
    let_write()
    oldest = endpoints.list_secrets(endpoint_id)[-1].id
    assert admin.post(f"/settings/webhooks/secrets/{oldest}/expire").status_code == 302
    let_write()
    valid = endpoints.open_endpoint("stripe", slug, now=clock.now()).secrets
    assert [secret.value for secret in valid] == ["whsec_new"]


@pytest.mark.parametrize("fields", [{"provider": "nobody"}, {"secret": " "}])
def test_a_wrong_endpoint_is_not_opened(admin: Staff, fields: dict[str, str]) -> None:
    before = rows()
    answer = admin.post("/settings/webhooks", **{"provider": "stripe", "secret": "whsec_very", **fields})
    assert answer.status_code == 422
    assert "whsec_very" not in answer.text
    assert rows() == before


@pytest.fixture
def person(cheap_passwords: None, database: Flask) -> Staff:
    """Somebody with a real password."""
    staff = Staff(database, "caller")
    user = users.find_user("caller-en@example.org")
    assert user is not None
    users.set_password(user.id, PASSWORD, now=clock.now(), actor=ACTOR)
    db.session.commit()
    with staff.client.session_transaction() as session:
        session["_user_id"] = start_session(user.id)
    return staff


def test_everybody_sets_the_own_language(person: Staff) -> None:
    assert person.post("/account/language", lang="sq").status_code == 302
    let_write()
    assert users.find_user("caller-en@example.org").lang == "sq"  # type: ignore[union-attr]
    assert "Llogaria juaj" in person.text("/account")
    assert person.post("/account/language", lang="de").status_code == 422


def signs_in(person: Staff, password: str) -> bool:
    """Whether this password opens a session of a browser that has none."""
    let_write()
    browser = person.client.application.test_client()
    token = token_in(browser.get("/sign-in").text)
    let_write()
    form = {"csrf_token": token, "email": "caller-en@example.org", "password": password}
    browser.post("/sign-in", data=form)
    let_write()
    is_in = browser.get("/account").status_code == 200
    let_write()
    return is_in


def test_password_change_keeps_own_session(person: Staff) -> None:
    """Everybody changes the own password and stays signed in, while other sessions end."""
    new = "another long password"
    elsewhere = Staff(person.client.application, "caller")
    assert elsewhere.get("/account").status_code == 200
    answer = person.post("/account/password", old=PASSWORD, password=new, again=new)
    assert answer.status_code == 302
    assert "The password is changed." in person.text("/account")
    assert elsewhere.get("/account").status_code == 302
    assert (signs_in(person, PASSWORD), signs_in(person, new)) == (False, True)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"old": "not mine at all"}, "This is not your password."),
        ({"again": "something else here"}, "The two are not the same."),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
    ],
)
def test_a_wrong_password_change_changes_nothing(
    person: Staff, fields: dict[str, str], sentence: str
) -> None:
    before = rows()
    right = {"old": PASSWORD, "password": "another long password", "again": "another long password"}
    answer = person.post("/account/password", **{**right, **fields})
    assert answer.status_code == 422 and sentence in words_of(answer.text)
    assert "not mine at all" not in answer.text
    assert rows() == before
    assert person.get("/").status_code == 200
    assert signs_in(person, PASSWORD)


def test_settings_show_only_permitted_links(database: Flask, admin: Staff) -> None:
    """The settings page offers only what the reader may set."""
    assert "Users and roles" in admin.text("/settings") and "Webhook endpoints" in admin.text("/settings")
    shown = Staff(database, "caller").text("/settings")
    assert "Your account" in shown and "Users" not in shown and "Organisation" not in shown
