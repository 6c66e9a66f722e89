"""What is kept unreadable at rest: sealing bytes with AES-GCM, and keyed hashes of addresses.

The key comes from DONORHUB_FIELD_KEY or, in a small installation, from a file beside
the database. Whoever has only a copy of the database cannot read what is sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from donorhub.errors import Misconfigured

_NONCE = 12
_key: bytes | None = None


def use(key: str) -> None:
    """Take the key for this process; any text, the longer the better."""
    global _key  # noqa: PLW0603  one process has one key
    _key = hashlib.sha256(b"donorhub field key 1|" + key.encode()).digest()


def _our_key() -> bytes:
    if _key is None:
        raise Misconfigured("no field key: set DONORHUB_FIELD_KEY")
    return _key


def seal(plain: bytes) -> bytes:
    """Encrypt; the same bytes look different each time."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_our_key()).encrypt(nonce, plain, None)


def unseal(cipher: bytes) -> bytes:
    """Decrypt what :func:`seal` made; Misconfigured when the key is another or a bit was changed."""
    try:
        return AESGCM(_our_key()).decrypt(cipher[:_NONCE], cipher[_NONCE:], None)
    except InvalidTag as e:
        raise Misconfigured(
            "DONORHUB_FIELD_KEY is not the key this was sealed with, or the stored bytes were changed"
        ) from e


def keyed_hash(text: str) -> str:
    """Return a hash that cannot be tried out without the key; equal texts give equal hashes."""
    return hmac.new(_our_key(), text.encode(), hashlib.sha256).hexdigest()
