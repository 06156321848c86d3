"""Signatures and tokens from templates, as openssl judges them, in every algorithm that is made."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from signing import pki
from signing.signed_data import DigestUnknown, PrivateKey, Template, TokenTemplate, digest_algorithm

NOW = datetime(2026, 11, 26, 4, 0, 0, 120_000, tzinfo=UTC)
CONTENT = "审批意见：同意".encode()
KEYS: dict[str, Callable[[], Any]] = {
    "P-256": pki.new_key,
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-3072": lambda: rsa.generate_private_key(65537, 3072),
}


class Holder:
    """A key of one kind with a certificate of its own authority."""

    def __init__(self, kind: str, folder: Path, *, is_stamper: bool) -> None:
        root_key = pki.new_key()
        self.key: PrivateKey = KEYS[kind]()
        root = pki.make_root(pki.Identity("Root", "Test"), root_key, datetime.now(UTC))
        issuer = pki.Issuer(root, root_key, "http://127.0.0.1/a.crl", "http://127.0.0.1/a.crt")
        make = pki.make_tsa if is_stamper else pki.make_signer
        leaf = make(pki.Identity("Leaf", "Test"), self.key, issuer, datetime.now(UTC))  # type: ignore[operator]
        self.certificate = asn1_x509.Certificate.load(leaf.public_bytes(Encoding.DER))
        self.root_file = folder / "root.pem"
        self.root_file.write_bytes(root.public_bytes(Encoding.PEM))


def openssl(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=False)
    return done.returncode, done.stderr.decode() + done.stdout.decode("utf-8", "replace")


def is_accepted(folder: Path, signature: bytes, content: bytes) -> bool:
    """Whether openssl takes it for a CMS signature over the content, under the holder's root."""
    (folder / "signature.der").write_bytes(signature)
    (folder / "content").write_bytes(content)
    status, _said = openssl(
        folder, "cms", "-verify", "-cades", "-inform", "DER", "-in", "signature.der", "-content", "content",
        "-binary", "-CAfile", "root.pem", "-purpose", "any", "-out", "out",
    )  # fmt: skip
    return status == 0


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("kind", KEYS)
def test_openssl_accepts_signatures_of_every_algorithm_and_no_others(
    kind: str, digest: str, tmp_path: Path
) -> None:
    holder = Holder(kind, tmp_path, is_stamper=False)
    template = Template(holder.key, holder.certificate, (), digest)
    made = template.sign(hashlib.new(digest, CONTENT).digest())
    assert is_accepted(tmp_path, made, CONTENT)
    assert not is_accepted(tmp_path, made, CONTENT + b".")
    altered = bytearray(made)
    altered[-1] ^= 1
    assert not is_accepted(tmp_path, bytes(altered), CONTENT)


@pytest.mark.parametrize("kind", KEYS)
def test_openssl_accepts_tokens_over_digests_of_every_length(kind: str, tmp_path: Path) -> None:
    holder = Holder(kind, tmp_path, is_stamper=True)
    template = TokenTemplate(holder.key, holder.certificate, (), "2.25.1.2", 1)
    (tmp_path / "data").write_bytes(CONTENT)
    (tmp_path / "other").write_bytes(CONTENT + b".")
    for digest in ("sha256", "sha384", "sha512"):
        token = template.token(hashlib.new(digest, CONTENT).digest(), digest, datetime.now(UTC), nonce=7)
        (tmp_path / "token").write_bytes(token)
        for data, expected in (("data", True), ("other", False)):
            status, said = openssl(
                tmp_path, "ts", "-verify", "-token_in", "-in", "token", "-data", data, "-CAfile", "root.pem"
            )
            assert (status == 0) is expected, said


@pytest.mark.parametrize("kind", KEYS)
def test_no_signature_is_longer_than_was_foreseen(kind: str, tmp_path: Path) -> None:
    holder = Holder(kind, tmp_path, is_stamper=True)
    tokens = TokenTemplate(holder.key, holder.certificate, (holder.certificate,), "2.25.1.2", 1)
    template = Template(holder.key, holder.certificate, (holder.certificate,), "sha256")
    most = template.longest(tokens.longest)
    sizes = [
        len(template.sign(bytes((number,)) * 32, stamp=lambda digest, name: tokens.token(digest, name, NOW)))
        for number in range(60)
    ]
    assert max(sizes) <= most < max(sizes) + 64
    assert len(tokens.token(bytes(64), "sha512", NOW.replace(microsecond=999_999))) <= tokens.longest


def test_a_digest_of_another_name_is_refused() -> None:
    with pytest.raises(DigestUnknown):
        digest_algorithm("sha1")
