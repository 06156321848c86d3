"""The addresses of outside time-stamp authorities, as ``VERMILION_TIMESTAMP_URL`` holds them.

``https://NAME:PASSWORD@HOST/PATH#trust=FILE&policy=OID&tls=FILE``: what stands after ``#`` is for us
and never sent. ``trust`` is a PEM file of the roots that the authority's certificate must lead to,
``policy`` the policy to ask for, ``tls`` a PEM file of the roots for the connection itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.errors import SettingUnusable

SETTING = "VERMILION_TIMESTAMP_URL"
INTERNAL = "internal:"
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


@dataclass(frozen=True)
class Address:
    """One outside authority. ``name`` is what people are shown: never the credentials."""

    url: str
    name: str
    credentials: str | None = field(default=None, repr=False)  # name:password
    trust: tuple[bytes, ...] = ()
    policy: str | None = None
    tls: str | None = None


def read(setting: str) -> list[Address | None]:
    """The configured authorities in their order; None is the built-in one. Raises SettingUnusable."""
    words = setting.split()
    if not words:
        raise SettingUnusable(setting=SETTING, reason="empty")
    return [None if word == INTERNAL else _read(word) for word in words]


def _read(word: str) -> Address:
    parts = urlsplit(word)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingUnusable(setting=SETTING, reason="the port is no number") from error
    if parts.scheme not in ("http", "https") or not host:
        raise SettingUnusable(setting=SETTING, reason="neither internal: nor http(s)://HOST/…")
    options = parse_qs(parts.fragment, keep_blank_values=True)
    unknown = set(options) - {"trust", "policy", "tls"}
    if unknown:
        raise SettingUnusable(setting=SETTING, reason=f"#{sorted(unknown)[0]} is unknown")
    policy = options.get("policy", [None])[0]
    if policy is not None and not _OID.fullmatch(policy):
        raise SettingUnusable(setting=SETTING, reason=f"policy {policy} is no object identifier")
    place = f"[{host}]" if ":" in host else host
    place = f"{place}:{port}" if port is not None else place
    credentials = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    tls = options.get("tls", [None])[0]
    if tls is not None and not Path(tls).is_file():
        raise SettingUnusable(setting=SETTING, reason=f"{tls} is no file")
    return Address(
        urlunsplit((parts.scheme, place, parts.path or "/", parts.query, "")),
        f"{place}{parts.path}",
        credentials,
        _roots(options["trust"][0]) if "trust" in options else (),
        policy,
        tls,
    )


def _roots(file: str) -> tuple[bytes, ...]:
    try:
        found = x509.load_pem_x509_certificates(Path(file).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingUnusable(setting=SETTING, reason=f"{file} holds no PEM certificate") from error
    return tuple(one.public_bytes(Encoding.DER) for one in found)
