"""Who signed a message: genuine ones pass, and every hostile header is a BadSignature."""

from __future__ import annotations

import contextlib

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from tests.webhooks.scenarios import sign
from webhooks import get_provider
from webhooks.fact import BadSignature, Endpoint, Secret, Verification
from webhooks.stripe.signature import compute_signature

BODY = b'{"id": "evt_1", "name": "\xc5\x82"}'
NOW = 1_793_000_000
OLD, NEW = Secret(1, "whsec_old"), Secret(2, "whsec_new")
GOOD = compute_signature(BODY, OLD.value, NOW)


def verify(
    header: object,
    *,
    body: bytes = BODY,
    now: int = NOW,
    secrets: tuple[Secret, ...] = (OLD, NEW),
    **settings: object,
) -> Verification:
    headers = {"Content-Type": "application/json", "stripe-signature": header}
    return get_provider("stripe").verify_message(
        body, headers, Endpoint("acct_1", True, settings), secrets, now
    )  # type: ignore[arg-type]


def test_signature_names_secret_and_delay() -> None:
    """A signature names the secret that made it and how late it came."""
    assert verify(sign(BODY, OLD.value, NOW - 7)) == Verification(secret_id=1, skew_s=7)
    assert verify(sign(BODY, NEW.value, NOW + 7)) == Verification(secret_id=2, skew_s=-7)


def test_either_signature_holds_during_rolling() -> None:
    """While a secret is rolled, either of the two signatures is enough, so no message is lost."""
    unknown, right = (compute_signature(BODY, secret, NOW) for secret in ("whsec_unknown", NEW.value))
    both = f"t={NOW},v1={unknown},v0=abc,v1={right}"
    assert verify(both).secret_id == 2


def test_the_providers_own_library_agrees_with_our_signature() -> None:
    header = f"t={NOW},v1={compute_signature(BODY, OLD.value, NOW)}"
    assert stripe.WebhookSignature.verify_header(BODY.decode(), header, OLD.value, tolerance=None)


@pytest.mark.parametrize("skew", [-300, 0, 300])
def test_five_minutes_early_or_late_are_tolerated(skew: int) -> None:
    assert verify(sign(BODY, OLD.value, NOW), now=NOW + skew).skew_s == skew


@pytest.mark.parametrize("skew", [-301, 301, -10 * 365 * 86400, 10 * 365 * 86400])
def test_distant_times_are_refused(skew: int) -> None:
    """More than five minutes in the past or in the future are refused, so an old message cannot be
    replayed."""
    with pytest.raises(BadSignature, match="ago" if skew > 0 else "future"):
        verify(sign(BODY, OLD.value, NOW), now=NOW + skew)


def test_tolerance_is_setting() -> None:
    """The tolerance is a setting, and zero means zero."""
    assert verify(sign(BODY, OLD.value, NOW), now=NOW + 900, tolerance_s=1000).skew_s == 900
    assert verify(sign(BODY, OLD.value, NOW), tolerance_s=0).skew_s == 0
    with pytest.raises(BadSignature):
        verify(sign(BODY, OLD.value, NOW), now=NOW + 1, tolerance_s=0)


HOSTILE = {
    "empty": "",
    "no timestamp": f"v1={GOOD}",
    "no signature": f"t={NOW}",
    "only an old scheme": f"t={NOW},v0={GOOD}",
    "a space after the comma": f"t={NOW}, v1={GOOD}",
    "letters outside ASCII": f"t={NOW},v1=é",
    "a lone surrogate": f"t={NOW},v1=\ud800",
    "digits of another script": f"t=١٧٩٣٠٠٠٠٠٠,v1={GOOD}",
    "a signed timestamp": f"t=+{NOW},v1={GOOD}",
    "a timestamp with a fraction": f"t={NOW}.0,v1={GOOD}",
    "a timestamp of a thousand digits": f"t={'9' * 1000},v1={GOOD}",
    "no number for a timestamp": f"t=NaN,v1={GOOD}",
    "two timestamps": f"t={NOW},t={NOW - 1},v1={GOOD}",
    "an empty signature": f"t={NOW},v1=",
    "half a signature": f"t={NOW},v1={GOOD[:32]}",
    "a signature in capitals": f"t={NOW},v1={GOOD.upper()}",
    "another timestamp than was signed": f"t={NOW - 1},v1={GOOD}",
    "six signatures, the last one good": f"t={NOW}," + ",".join(["v1=" + "0" * 64] * 5) + f",v1={GOOD}",
    "a header of a megabyte": f"t={NOW},v1={GOOD}," + "a" * 1_000_000,
    "only commas and signs": ",,,===,=,",
    "nothing at all": None,
    "a number": 17,
    "NUL": f"t={NOW},v1={GOOD}\x00",
}


@pytest.mark.parametrize("header", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_header_is_bad_signature(header: object) -> None:
    """A hostile header is a bad signature and nothing else."""
    with pytest.raises(BadSignature):
        verify(header)


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["t", "v1", "=", ",", str(NOW), GOOD, " ", "é"])).map("".join)
)
def test_no_header_brings_anything_but_a_verdict(header: str) -> None:
    with contextlib.suppress(BadSignature):
        assert verify(header).secret_id == 1


def test_missing_or_double_header_is_refused() -> None:
    """No header, two headers and no secret are refused."""
    header = sign(BODY, OLD.value, NOW)
    endpoint, stripe_ = Endpoint("", True, {}), get_provider("stripe")
    for headers in ({}, {"Stripe-Signature": header, "STRIPE-SIGNATURE": header}):
        with pytest.raises(BadSignature):
            stripe_.verify_message(BODY, headers, endpoint, [OLD], NOW)
    with pytest.raises(BadSignature):
        verify(header, secrets=())


def test_changed_byte_is_refused() -> None:
    """A body that differs in one byte is refused."""
    with pytest.raises(BadSignature):
        verify(sign(BODY, OLD.value, NOW), body=BODY + b" ")


def test_binary_body_is_verified() -> None:
    """A body that is not text is still verified, as bytes."""
    assert verify(sign(b"\xff\x00", OLD.value, NOW), body=b"\xff\x00").secret_id == 1
