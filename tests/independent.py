"""What tools that know nothing of Vermilion say about a signed PDF: poppler and OpenSSL."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


@dataclass(frozen=True)
class Signature:
    """A signature cut out of the file by its byte range: signed bytes and CMS (DER)."""

    signed: bytes
    der: bytes
    is_timestamp: bool

    @property
    def token(self) -> tuple[bytes, bytes]:
        """The time-stamp token (DER) and the bytes it stamps."""
        if self.is_timestamp:
            return self.der, self.signed
        info = cms.ContentInfo.load(self.der)["content"]["signer_infos"][0]
        for attribute in info["unsigned_attrs"]:
            if attribute["type"].native == "signature_time_stamp_token":
                return attribute["values"][0].dump(), info["signature"].native
        raise AssertionError("the signature carries no time-stamp")


def byte_ranges(pdf: bytes) -> list[tuple[int, int, int, int]]:
    """The byte ranges that stand in a file."""
    found = []
    for match in _BYTE_RANGE.finditer(pdf):
        start, length, second, rest = (int(number) for number in match.groups())
        found.append((start, length, second, rest))
    return found


def signatures(pdf: bytes) -> list[Signature]:
    """The signatures of a file, in the order of the bytes they cover."""
    found = []
    for start, length, second, rest in byte_ranges(pdf):
        der = bytes.fromhex(pdf[start + length + 1 : second - 1].decode("ascii"))
        content = cms.ContentInfo.load(der)
        kind = content["content"]["encap_content_info"]["content_type"].native
        signed = pdf[start : start + length] + pdf[second : second + rest]
        found.append((second + rest, Signature(signed, content.dump(), kind == "tst_info")))
    return [signature for _end, signature in sorted(found, key=lambda pair: pair[0])]


def pdfsig(file: Path) -> list[str]:
    """What ``pdfsig`` says of each signature it can judge; document time-stamps it cannot."""
    _require("pdfsig")
    said = subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False).stdout
    return [
        line.partition(":")[2].strip()
        for line in said.splitlines()
        if "Signature Validation:" in line and "not yet been verified" not in line
    ]


def openssl_accepts(signature: Signature, root: bytes, folder: Path) -> bool:
    """Whether ``openssl cms -verify`` accepts a signature against our root (DER)."""
    _require("openssl")
    (folder / "sig.der").write_bytes(signature.der)
    (folder / "data.bin").write_bytes(signature.signed)
    command = [
        "openssl",
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "sig.der",
        "-content",
        "data.bin",
        "-CAfile",
        _pem(root, folder),
        "-purpose",
        "any",
        "-out",
        "out.bin",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def openssl_accepts_token(signature: Signature, root: bytes, issuing: bytes, folder: Path) -> bool:
    """Whether ``openssl ts -verify`` accepts the time-stamp of a signature."""
    _require("openssl")
    token, stamped = signature.token
    (folder / "token.der").write_bytes(token)
    (folder / "stamped.bin").write_bytes(stamped)
    untrusted = folder / "issuing.pem"
    untrusted.write_bytes(x509.load_der_x509_certificate(issuing).public_bytes(Encoding.PEM))
    command = [
        "openssl",
        "ts",
        "-verify",
        "-data",
        "stamped.bin",
        "-in",
        "token.der",
        "-token_in",
        "-CAfile",
        _pem(root, folder),
        "-untrusted",
        str(untrusted),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def _pem(root: bytes, folder: Path) -> str:
    path = folder / "root.pem"
    path.write_bytes(x509.load_der_x509_certificate(root).public_bytes(Encoding.PEM))
    return str(path)


def _require(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
