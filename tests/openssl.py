"""What ``openssl`` says of certificates, lists, OCSP answers and time-stamps."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one command in a folder; both outputs as text."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    return subprocess.run(
        ["openssl", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def pem(folder: Path, name: str, *certificates: bytes) -> str:
    """Write certificates (DER) as one PEM file; returns its name."""
    data = b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates)
    (folder / name).write_bytes(data)
    return name


def verify(
    folder: Path,
    certificate: bytes,
    root: bytes,
    others: Sequence[bytes],
    crls: Sequence[bytes],
    *options: str,
    at: datetime | None = None,
) -> str:
    """``openssl verify -x509_strict -crl_check_all``: empty when it holds, else what it says."""
    lists = b"".join(x509.load_der_x509_crl(one).public_bytes(Encoding.PEM) for one in crls)
    (folder / "lists.pem").write_bytes(lists)
    words = [
        "verify", "-x509_strict", "-crl_check_all", "-policy_check", "-check_ss_sig",
        "-CAfile", pem(folder, "root.pem", root),
        "-untrusted", pem(folder, "others.pem", *others),
        "-CRLfile", "lists.pem", *options,
    ]  # fmt: skip
    if at is not None:
        words += ["-attime", str(int(at.timestamp()))]
    found = run(*words, pem(folder, "leaf.pem", certificate), folder=folder)
    return "" if found.returncode == 0 else found.stdout + found.stderr


def text(folder: Path, certificate: bytes) -> str:
    """``openssl x509 -text``."""
    return run("x509", "-in", pem(folder, "shown.pem", certificate), "-noout", "-text", folder=folder).stdout
