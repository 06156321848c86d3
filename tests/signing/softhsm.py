"""SoftHSM tokens for tests: a real PKCS#11 library, its keys in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pkcs11
import pytest
from asn1crypto import keys as asn1_keys
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from core.pkcs11 import Module, Token
from core.settings import Settings

PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
PIN = "7391-4402"
SO_PIN: Final = "12345678"


@dataclass(frozen=True)
class SoftToken:
    """A token with its folder; ``settings`` gives what the product needs to use it."""

    module: str
    label: str
    folder: Path
    pin_file: Path

    def settings(self, home: Path, **more: Any) -> dict[str, Any]:
        return {
            "pkcs11_module": self.module,
            "pkcs11_token": self.label,
            "pkcs11_pin_file": self.pin_file,
            **more,
        }

    def token(self) -> Token:
        return Token.of(Settings(**self.settings(self.folder)))

    def look_again(self) -> None:
        """The process's library reads its configuration and finds new tokens."""
        library = Module.at(self.module)
        with library.held(self.label):
            library.restart()

    def add_token(self, label: str, pin: str) -> None:
        """One more token in the same folder."""
        _initialise(shutil.which("softhsm2-util") or "", label, pin)
        self.look_again()

    @contextmanager
    def opened(self, label: str, pin: str | None) -> Iterator[Any]:
        """A session of the test's own, past the product; nothing else calls the library meanwhile."""
        library = Module.at(self.module)
        with library.held(label):
            session = library.find(label).open(rw=pin is not None, user_pin=pin)
            try:
                yield session
            finally:
                session.close()

    def make_key(
        self, token: str, pin: str, label: str, key_id: bytes, kind: str = "EC", **private: Any
    ) -> PublicHalf:
        """Make a key pair in a token; ``private`` are further attributes of its private half."""
        template = {getattr(pkcs11.Attribute, name): value for name, value in private.items()}
        with self.opened(token, pin) as session:
            if kind == "RSA":
                public, _key = session.generate_keypair(
                    pkcs11.KeyType.RSA, 2048, store=True, label=label, id=key_id, private_template=template
                )
                return PublicHalf(load_der_public_key(_rsa_info(encode_rsa_public_key(public))))
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            public, _key = parameters.generate_keypair(
                store=True, label=label, id=key_id, private_template=template
            )
            return PublicHalf(load_der_public_key(encode_ec_public_key(public)))

    def put_certificate(
        self, token: str, pin: str, label: str, key_id: bytes, certificate: x509.Certificate
    ) -> None:
        """Lay a certificate into a token."""
        with self.opened(token, pin) as session:
            session.create_object(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                    pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.LABEL: label,
                    pkcs11.Attribute.ID: key_id,
                    pkcs11.Attribute.SUBJECT: certificate.subject.public_bytes(),
                    pkcs11.Attribute.VALUE: certificate.public_bytes(Encoding.DER),
                }
            )

    def destroy(self, token: str, pin: str, label: str) -> None:
        """Take every object of this label out of a token."""
        with self.opened(token, pin) as session:
            for one in list(session.get_objects({pkcs11.Attribute.LABEL: label})):
                one.destroy()


def make_token(folder: Path, label: str = "vermilion-test") -> SoftToken:
    """A fresh token; skips where SoftHSM is not on this machine."""
    module = next((place for place in PLACES if Path(place).exists()), None)
    program = shutil.which("softhsm2-util")
    if module is None or program is None:
        pytest.skip("SoftHSM (softhsm2) is not on this machine")
    (folder / "tokens").mkdir(parents=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    _initialise(program, label, PIN)
    pin_file = folder / "pin"
    pin_file.write_text(PIN + "\n")
    pin_file.chmod(0o600)
    made = SoftToken(module, label, folder, pin_file)
    made.look_again()
    return made


def _initialise(program: str, label: str, pin: str) -> None:
    subprocess.run(
        [program, "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", SO_PIN],
        check=True,
        capture_output=True,
    )


@dataclass(frozen=True)
class PublicHalf:
    """What an authority needs of a key to certify it."""

    public: Any

    def public_key(self) -> Any:
        return self.public


def _rsa_info(pkcs1: bytes) -> bytes:
    key = {"algorithm": {"algorithm": "rsa"}, "public_key": asn1_keys.RSAPublicKey.load(pkcs1)}
    return bytes(asn1_keys.PublicKeyInfo(key).dump())
