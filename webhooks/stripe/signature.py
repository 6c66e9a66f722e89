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

from webhooks.fact import BadSignature, Secret, Verification

TOLERANCE_S: Final = 300
MAX_SIGNATURES: Final = 5
MAX_HEADER: Final = 2048
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def compute_signature(raw: bytes, secret: str, timestamp: int) -> str:
    """Return the v1 signature of a body sent at ``timestamp`` (unix seconds)."""
    return hmac.new(secret.encode(), b"%d." % timestamp + raw, hashlib.sha256).hexdigest()


def verify_signature(
    raw: bytes,
    headers: Mapping[str, str],
    settings: Mapping[str, object],
    secrets: Sequence[Secret],
    now: int,
) -> Verification:
    """Return which secret signed the body, and how late it came (``skew_s``, negative when early).

    Every active secret is tried, for Stripe signs with the old and the new one while a secret
    is rolled. Raise BadSignature, and nothing else, when none signed it or its timestamp is further
    from ``now``, before or after, than ``tolerance_s`` of the endpoint's settings (300 s by default).
    """
    timestamp, signatures = _read_header(headers)
    secret_id = _identify_signer(raw, timestamp, signatures, secrets)
    skew = now - timestamp
    if abs(skew) > _read_tolerance(settings):
        raise BadSignature(f"the signature was made {abs(skew)} s {'ago' if skew > 0 else 'in the future'}")
    return Verification(secret_id=secret_id, skew_s=skew)


def _read_header(headers: Mapping[str, str]) -> tuple[int, list[bytes]]:
    values = [value for name, value in headers.items() if str(name).lower() == "stripe-signature"]
    if len(values) != 1 or not isinstance(values[0], str):
        raise BadSignature("exactly one Stripe-Signature header is needed")
    if len(values[0]) > MAX_HEADER:
        raise BadSignature("the Stripe-Signature header is too long")
    parts = [part.partition("=") for part in values[0].split(",")]
    timestamps = [value for scheme, _, value in parts if scheme == "t"]
    signatures = [value for scheme, _, value in parts if scheme == "v1"]
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise BadSignature("the Stripe-Signature header has no readable timestamp")
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise BadSignature(f"the Stripe-Signature header must hold 1 to {MAX_SIGNATURES} v1 signatures")
    return int(timestamps[0]), [value.encode("ascii") for value in signatures if _SIGNATURE.fullmatch(value)]


def _identify_signer(raw: bytes, timestamp: int, signatures: list[bytes], secrets: Sequence[Secret]) -> int:
    signer: int | None = None
    for secret in secrets:
        right_signature = compute_signature(raw, secret.value, timestamp).encode("ascii")
        # No early end: how long it takes must not tell which secret or signature was near.
        matches = [hmac.compare_digest(right_signature, one) for one in signatures]
        if any(matches) and signer is None:
            signer = secret.id
    if signer is None:
        raise BadSignature("no active secret of this endpoint made the signature")
    return signer


def _read_tolerance(settings: Mapping[str, object]) -> int:
    seconds = settings.get("tolerance_s", TOLERANCE_S)
    return seconds if type(seconds) is int and seconds >= 0 else TOLERANCE_S
