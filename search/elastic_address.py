"""Where an Elasticsearch cluster is, and how one gets in: ``elasticsearch+https://USER@HOST:PORT,HOST/PREFIX``."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import SettingUnusable

SCHEMES: Final = ("elasticsearch+http", "elasticsearch+https")
_PORT: Final = 9200
_PREFIX: Final = "vermilion"
_PREFIX_FORM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_OPTIONS: Final = ("shards", "replicas")
_MOST_SHARDS: Final = 64


@dataclass(frozen=True)
class Access:
    """What opens the door, from settings. Each file holds one secret; space around it does not count."""

    ca_file: Path | None = None
    password_file: Path | None = None
    api_key_file: Path | None = None


@dataclass(frozen=True)
class Address:
    """A cluster: at least one host, and the beginning of the names of all that is ours there.

    ``shards`` are primary shards of each year's index; ``replicas`` None is one where there is a second
    node, none where there is not.
    """

    hosts: tuple[tuple[str, int], ...]
    is_encrypted: bool
    prefix: str = _PREFIX
    shards: int = 1
    replicas: int | None = None
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @property
    def place(self) -> str:
        """The hosts, as errors and logs name them."""
        return ", ".join(f"{host}:{port}" for host, port in self.hosts)


def read_address(url: str, access: Access, setting: str) -> Address:
    """The cluster that a URL names. Raises SettingUnusable, which does not tell a URL with a password."""

    def refused(reason: str, named: str = setting) -> SettingUnusable:
        return SettingUnusable(setting=named, reason=reason)

    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise refused("not a URL") from error
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    found = tuple(_host(each, setting) for each in hosts.split(",") if each)
    if not found:
        raise refused(f"{parts.scheme}: names no host")
    prefix = unquote(parts.path.strip("/")) or _PREFIX
    if not _PREFIX_FORM.fullmatch(prefix):
        raise refused(f"'{prefix}' is not a prefix of index names: small letters, digits and hyphens")
    options = parse_qs(parts.query, keep_blank_values=True)
    for name in options:
        if name not in _OPTIONS:
            raise refused(f"'{name}' is not one of {', '.join(_OPTIONS)}")
    is_encrypted = parts.scheme == "elasticsearch+https"
    if access.ca_file is not None and not is_encrypted:
        raise refused("only elasticsearch+https has certificates", "VERMILION_SEARCH_CA_FILE")
    if access.ca_file is not None and not _has_certificates(access.ca_file):
        raise refused(f"{access.ca_file} has no certificates", "VERMILION_SEARCH_CA_FILE")
    secret = _secret(access.password_file, "VERMILION_SEARCH_PASSWORD_FILE") or unquote(password) or None
    api_key = _secret(access.api_key_file, "VERMILION_SEARCH_API_KEY_FILE")
    if api_key is not None and user:
        raise refused("an API key and a user at once", "VERMILION_SEARCH_API_KEY_FILE")
    if bool(user) != (secret is not None):
        raise refused("a user and a password belong together")
    return Address(
        hosts=found,
        is_encrypted=is_encrypted,
        prefix=prefix,
        shards=_number(options, "shards", 1, _MOST_SHARDS, setting) or 1,
        replicas=_number(options, "replicas", 0, 8, setting),
        user=unquote(user) or None,
        password=secret,
        api_key=api_key,
        ca_file=access.ca_file,
    )


def _has_certificates(file: Path) -> bool:
    try:
        return bool(ssl.create_default_context(cafile=str(file)).get_ca_certs())
    except (OSError, ValueError):  # SSLError is an OSError
        return False


def _host(text: str, setting: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None:
        raise SettingUnusable(setting=setting, reason=f"'{text}' is not host:port")
    return host, port or _PORT


def _number(options: dict[str, list[str]], name: str, least: int, most: int, setting: str) -> int | None:
    given = options.get(name, [""])[-1]
    if not given:
        return None
    if not given.isdecimal() or not least <= int(given) <= most:
        raise SettingUnusable(setting=setting, reason=f"{name}: '{given}' is not {least} to {most}")
    return int(given)


def _secret(file: Path | None, setting: str) -> str | None:
    if file is None:
        return None
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingUnusable(setting=setting, reason=f"{file}: {type(error).__name__}") from error
    if not secret:
        raise SettingUnusable(setting=setting, reason=f"{file} is empty")
    return secret
