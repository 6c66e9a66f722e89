"""What is kept unreadable at rest: sealing bytes with AES-GCM, and keyed hashes of addresses.

The key comes from DONORHUB_FIELD_KEY or, in a small installation, from a file beside
the database. Whoever has only a copy of the database cannot read what is sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from donorhub.errors import Misconfigured

_NONCE = 12
_FAST = 1  # of compression: a third of the time for a tenth more bytes
_key: bytes | None = None


def use_key(key: str) -> None:
    """Set the key of this process; any text, the longer the better."""
    global _key  # noqa: PLW0603  one process has one key
    _key = hashlib.sha256(b"donorhub field key 1|" + key.encode()).digest()


def _get_key() -> bytes:
    if _key is None:
        raise Misconfigured("no field key: set DONORHUB_FIELD_KEY")
    return _key


def seal_bytes(plain: bytes) -> bytes:
    """Return the bytes encrypted; the same bytes look different each time."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_get_key()).encrypt(nonce, plain, None)


def unseal_bytes(cipher: bytes) -> bytes:
    """Return what :func:`seal_bytes` encrypted; raise Misconfigured if the key or a bit is another."""
    try:
        return AESGCM(_get_key()).decrypt(cipher[:_NONCE], cipher[_NONCE:], None)
    except InvalidTag as e:
        raise Misconfigured(
            "DONORHUB_FIELD_KEY is not the key this was sealed with, or the stored bytes were changed"
        ) from e


def seal_file(content: bytes) -> bytes:
    """Return a file as it is kept: compressed and encrypted."""
    return seal_bytes(zlib.compress(content, _FAST))


def unseal_file(sealed_content: bytes, *, size: int = zlib.DEF_BUF_SIZE) -> bytes:
    """Return the file that :func:`seal_file` encrypted, as it came; raise Misconfigured as
    :func:`unseal_bytes`. Whoever knows its size says it, else it is there twice for a moment.
    """
    return zlib.decompress(unseal_bytes(sealed_content), bufsize=max(size, 1))


def compute_keyed_hash(text: str) -> str:
    """Return a hash that cannot be tried out without the key; equal texts give equal hashes."""
    return hmac.new(_get_key(), text.encode(), hashlib.sha256).hexdigest()
