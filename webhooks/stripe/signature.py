"""Whether Stripe signed these bytes, and when; it reads no JSON and knows no clock.

Scheme v1 of https://docs.stripe.com/webhooks#verify-manually: hex HMAC-SHA256, keyed with the
whole secret (``whsec_`` included), over the timestamp, a full stop and the raw body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from webhooks.fact import BadSignature, Secret, Verified

TOLERANCE_S: Final = 300
MAX_SIGNATURES: Final = 5
MAX_HEADER: Final = 2048
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def signature(raw: bytes, secret: str, timestamp: int) -> str:
    """The v1 signature of a body sent at ``timestamp`` (unix seconds)."""
    return hmac.new(secret.encode(), b"%d." % timestamp + raw, hashlib.sha256).hexdigest()


def verify(
    raw: bytes,
    headers: Mapping[str, str],
    settings: Mapping[str, object],
    secrets: Sequence[Secret],
    now: int,
) -> Verified:
    """Which secret signed the body, and how late it came (``skew_s``, negative when early).

    Every active secret is tried, for Stripe signs with the old and the new one while a secret
    is rolled. Too old and too new are both refused: beyond ``tolerance_s`` of the endpoint's
    settings, 300 s unless told otherwise. Raises BadSignature and nothing else.
    """
    timestamp, given = _header(headers)
    secret_id = _signer(raw, timestamp, given, secrets)
    skew = now - timestamp
    if abs(skew) > _tolerance(settings):
        raise BadSignature(f"the signature was made {abs(skew)} s {'ago' if skew > 0 else 'in the future'}")
    return Verified(secret_id=secret_id, skew_s=skew)


def _header(headers: Mapping[str, str]) -> tuple[int, list[bytes]]:
    found = [value for name, value in headers.items() if str(name).lower() == "stripe-signature"]
    if len(found) != 1 or not isinstance(found[0], str):
        raise BadSignature("exactly one Stripe-Signature header is needed")
    if len(found[0]) > MAX_HEADER:
        raise BadSignature("the Stripe-Signature header is too long")
    parts = [part.partition("=") for part in found[0].split(",")]
    timestamps = [value for scheme, _, value in parts if scheme == "t"]
    given = [value for scheme, _, value in parts if scheme == "v1"]
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise BadSignature("the Stripe-Signature header has no readable timestamp")
    if not 1 <= len(given) <= MAX_SIGNATURES:
        raise BadSignature(f"the Stripe-Signature header must hold 1 to {MAX_SIGNATURES} v1 signatures")
    return int(timestamps[0]), [value.encode("ascii") for value in given if _SIGNATURE.fullmatch(value)]


def _signer(raw: bytes, timestamp: int, given: list[bytes], secrets: Sequence[Secret]) -> int:
    signer: int | None = None
    for secret in secrets:
        expected = signature(raw, secret.value, timestamp).encode("ascii")
        # No early end: how long it takes must not tell which secret or signature was near.
        matches = [hmac.compare_digest(expected, one) for one in given]
        if any(matches) and signer is None:
            signer = secret.id
    if signer is None:
        raise BadSignature("no active secret of this endpoint made the signature")
    return signer


def _tolerance(settings: Mapping[str, object]) -> int:
    seconds = settings.get("tolerance_s", TOLERANCE_S)
    return seconds if type(seconds) is int and seconds >= 0 else TOLERANCE_S
