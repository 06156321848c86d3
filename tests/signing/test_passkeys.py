"""The two ceremonies of a passkey, with an authenticator made of a key and a counter."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

from signing import passkeys
from signing.errors import SecondFactorWrong

RP, ORIGIN = "seals.example.com", "https://seals.example.com"
CHALLENGE, NAME = b"c" * 48, b"a passkey's name"
PRESENT, VERIFIED, NEW = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """What a browser and its authenticator answer."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    counter: int = 0

    def make(self, challenge: bytes = CHALLENGE, origin: str = ORIGIN, flags: int = VERIFIED) -> str:
        point = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        )
        data = self._data(flags | NEW) + bytes(16) + len(NAME).to_bytes(2, "big") + NAME + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return _answer(
            clientDataJSON=_client("webauthn.create", challenge, origin), attestationObject=attestation
        )

    def answer(self, challenge: bytes = CHALLENGE, origin: str = ORIGIN, flags: int = VERIFIED) -> str:
        self.counter += 1
        data, client = self._data(flags), _client("webauthn.get", challenge, origin)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return _answer(clientDataJSON=client, authenticatorData=data, signature=signature)

    def _data(self, flags: int) -> bytes:
        return (
            hashlib.sha256(RP.encode()).digest() + bytes([flags | PRESENT]) + self.counter.to_bytes(4, "big")
        )


def _client(kind: str, challenge: bytes, origin: str) -> bytes:
    return json.dumps({"type": kind, "challenge": bytes_to_base64url(challenge), "origin": origin}).encode()


def _answer(**response: bytes) -> str:
    name = bytes_to_base64url(NAME)
    values = {key: bytes_to_base64url(value) for key, value in response.items()}
    return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": values})


def made(authenticator: Authenticator) -> passkeys.Passkey:
    return passkeys.checked_key(authenticator.make(), CHALLENGE, RP, ORIGIN)


WRONG: list[dict[str, Any]] = [
    {"challenge": b"d" * 48},
    {"origin": "https://seals.example.org"},
    {"flags": 0},
]


def test_a_passkey_is_made_and_answers() -> None:
    authenticator = Authenticator()
    key = made(authenticator)
    assert (key.handle, key.counter) == (bytes_to_base64url(NAME), 0)
    counter = passkeys.checked_counter(
        authenticator.answer(), CHALLENGE, RP, ORIGIN, key.public_key, key.counter
    )
    assert counter == 1


@pytest.mark.parametrize("wrong", WRONG)
def test_another_challenge_another_place_or_nobody_verified_is_refused(wrong: dict[str, Any]) -> None:
    authenticator = Authenticator()
    key = made(authenticator)
    with pytest.raises(SecondFactorWrong):
        passkeys.checked_key(Authenticator().make(**wrong), CHALLENGE, RP, ORIGIN)
    with pytest.raises(SecondFactorWrong):
        passkeys.checked_counter(authenticator.answer(**wrong), CHALLENGE, RP, ORIGIN, key.public_key, 0)


def test_another_key_and_a_counter_that_stands_still_are_refused() -> None:
    authenticator = Authenticator()
    key = made(authenticator)
    for other, counter in ((Authenticator(), 0), (authenticator, 1)):
        with pytest.raises(SecondFactorWrong):
            passkeys.checked_counter(other.answer(), CHALLENGE, RP, ORIGIN, key.public_key, counter)
    with pytest.raises(SecondFactorWrong):
        passkeys.checked_key("{}", CHALLENGE, RP, ORIGIN)


def test_the_browser_is_told_what_is_known_and_what_is_asked() -> None:
    asked = json.loads(passkeys.question(RP, CHALLENGE, ["AAAA", "BBBB"]))
    assert [one["id"] for one in asked["allowCredentials"]] == ["AAAA", "BBBB"]
    assert (asked["rpId"], asked["userVerification"]) == (RP, "required")
    invited = json.loads(passkeys.invitation(RP, CHALLENGE, "head", b"1" * 16, "王芳", ["AAAA"]))
    assert [one["id"] for one in invited["excludeCredentials"]] == ["AAAA"]
    assert (invited["user"]["name"], invited["user"]["displayName"]) == ("head", "王芳")
    assert invited["challenge"] == asked["challenge"] == bytes_to_base64url(CHALLENGE)
