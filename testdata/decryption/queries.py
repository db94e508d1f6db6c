#!/usr/bin/env python3
"""Writes queries.txt: wrapped keys that an attacker sends to learn what becomes of them, each with a name.

The private key is not used: an encoded message is chosen, and encrypted with the public key as a number (RFC 8017 section 5.1.1).
    queries.py MODULUS-IN-HEX, as `openssl rsa -pubin -modulus` prints it, for exponent 65537
"""

import hashlib
import sys

modulus, length = int(sys.argv[1], 16), 256


def mask(seed, size):
    octets = b""
    for counter in range(size // 20 + 1):
        octets += hashlib.sha1(seed + counter.to_bytes(4, "big")).digest()
    return octets[:size]


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


def oaep(first=0, label=b"", between=None, separator=b"\x01", key=bytes(range(32))):
    """EME-OAEP with SHA-1, RFC 8017 section 7.1.1, with one thing of another make."""
    digest = hashlib.sha1(label).digest()
    room = length - 2 - 40 + 1 - len(separator) - len(key)
    data = digest + (bytes(room) if between is None else between(room)) + separator + key
    seed = hashlib.sha1(b"seed").digest()
    masked = xor(data, mask(seed, len(data)))
    return bytes([first]) + xor(seed, mask(masked, 20)) + masked


def query(name, encoded):
    value = pow(int.from_bytes(encoded, "big") % modulus, 65537, modulus)
    print(name, value.to_bytes(length, "big").hex())


query("right-padding-wrong-key", oaep())
# Manger 2001: the first octet alone, or whatever else, tells how large the number is.
for first in (1, 2, 0x7F):
    query(f"first-octet-{first}", oaep(first=first))
query("digest-of-another-label", oaep(label=b"another"))
query("no-separator", oaep(separator=b""))
query("separator-2", oaep(separator=b"\x02"))
query("padding-not-zero", oaep(between=lambda room: bytes(room - 1) + b"\x02"))
query("padding-first-not-zero", oaep(between=lambda room: b"\xff" + bytes(room - 1)))
for size in (0, 1, 15, 16, 24, 31, 33, 64, 214):
    query(f"right-padding-{size}-octets", oaep(key=bytes(size)))
# Bleichenbacher 1998: what RSA 1.5 takes.
query("rsa-1-5-conforming", b"\x00\x02" + b"\xaa" * (length - 35) + b"\x00" + bytes(range(32)))
query("zero", bytes(length))
query("one", bytes(length - 1) + b"\x01")
query("modulus-less-one", (modulus - 1).to_bytes(length, "big"))
print("modulus", modulus.to_bytes(length, "big").hex())
print("all-ones", "ff" * length)
# Multiples of a right one, as both attacks send them by the thousand.
right = pow(int.from_bytes(oaep(), "big"), 65537, modulus)
for factor in (2, 3, 5, 7, 11, 255, 256, 257, 65536, 1 << 200, 1 << 1000):
    print(f"right-times-{factor.bit_length()}-bits-{factor % 1000}", (right * pow(factor, 65537, modulus) % modulus).to_bytes(length, "big").hex())
