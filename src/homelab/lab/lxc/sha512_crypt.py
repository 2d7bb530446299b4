"""Passwords as shadow(5) has them: SHA-512 crypt, without a library of the system.

The steps are those of https://www.akkadia.org/drepper/SHA-crypt.txt; `crypt` left Python with 3.13,
and not every Linux has a libcrypt.
"""

from __future__ import annotations

import hashlib

_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS = 5000


def sha512_crypt(password: str, salt: str) -> str:
    """The hash with its scheme and its salt, which has 16 characters at most."""
    key, seed = password.encode(), salt.encode()
    digest = hashlib.sha512(_start(key, seed)).digest()
    keys = _of_length(hashlib.sha512(key * len(key)).digest(), len(key))
    seeds = _of_length(hashlib.sha512(seed * (16 + digest[0])).digest(), len(seed))
    for number in range(_ROUNDS):
        first, last = (keys, digest) if number % 2 else (digest, keys)
        middle = (seeds if number % 3 else b"") + (keys if number % 7 else b"")
        digest = hashlib.sha512(first + middle + last).digest()
    return f"$6${salt}${_text(digest)}"


def _start(key: bytes, seed: bytes) -> bytes:
    digest = hashlib.sha512(key + seed + key).digest()
    start = key + seed + _of_length(digest, len(key))
    bits = len(key)
    while bits:
        start += digest if bits & 1 else key
        bits >>= 1
    return start


def _of_length(digest: bytes, length: int) -> bytes:
    return (digest * (length // len(digest) + 1))[:length]


def _text(digest: bytes) -> str:
    """Three bytes at a time as four letters, in the order that the scheme shuffles them."""
    text, (a, b, c) = "", (0, 21, 42)
    for _ in range(21):
        text += _letters(digest[a] << 16 | digest[b] << 8 | digest[c], 4)
        a, b, c = b + 1, c + 1, a + 1
    return text + _letters(digest[63], 2)


def _letters(value: int, count: int) -> str:
    return "".join(_LETTERS[value >> 6 * number & 63] for number in range(count))
