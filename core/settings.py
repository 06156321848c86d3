"""All settings, in one place. Each is read from ``VERMILION_<NAME>``; back-ends are chosen by URL."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingUnusable

KEY_ALGORITHMS: Final = ("P-256", "RSA-2048", "RSA-3072", "RSA-4096")
KEY_ROLES: Final = ("root", "issuing", "tsa", "ocsp", "service", "person", "seal")


class Settings(BaseSettings):
    """The configuration of one process.

    An empty URL stands for the embedded back-end below ``home``; read the ``effective_*``
    properties, never the raw values.
    """

    model_config = SettingsConfigDict(env_prefix="VERMILION_", extra="ignore")

    home: Path = Field(default=Path("var"), description="Folder that everything embedded lives in.")
    listen: str = Field(default="127.0.0.1:8600", description="host:port, or unix:/path.")
    public_url: str = Field(
        default="", description="Address people reach the portal at; printed in QR codes."
    )
    database_url: str = Field(default="", description="sqlite:///… or postgresql://…")
    objects_url: str = Field(default="", description="file:FOLDER or s3://KEY:SECRET@HOST/BUCKET?secure=0")
    search_url: str = Field(
        default="", description="tantivy:FOLDER or elasticsearch+https://USER@HOST:PORT,…/PREFIX"
    )
    search_ca_file: Path | None = Field(
        default=None, description="File with the certificates that the Elasticsearch cluster's are judged by."
    )
    search_password_file: Path | None = Field(
        default=None, description="File that holds the password of the user in the search URL."
    )
    search_api_key_file: Path | None = Field(
        default=None, description="File that holds an API key of the Elasticsearch cluster."
    )
    search_synonyms: Path | None = Field(
        default=None, description="File of words that count as the same in searches."
    )
    broker_url: str = Field(default="embedded:", description="embedded: or redis://… or amqp://…")
    backup_url: str = Field(default="", description="file:FOLDER or s3://…")
    timestamp_url: str = Field(
        default="internal:",
        description="internal: (the built-in authority) or https://…; several in order, with spaces.",
    )
    timestamp_seconds: float = Field(
        default=5.0, gt=0, le=60, description="How long an outside time-stamp authority may take."
    )
    timestamp_service: Literal["nobody", "intranet", "everybody"] = Field(
        default="intranet", description="Whom the built-in time-stamp authority answers over HTTP."
    )
    pki_url: str = Field(
        default="", description="Address of lists, certificates and OCSP in our certificates."
    )
    key_algorithms: str = Field(
        default="P-256", description="P-256, RSA-2048, RSA-3072 or RSA-4096; ROLE=ALGORITHM for some."
    )
    revocation_url: str = Field(
        default="",
        description="Places of outside authorities' lists: http(s)://… or certificates:; with spaces.",
    )
    signature_digest: Literal["sha256", "sha384", "sha512"] = Field(
        default="sha256", description="Digest of signatures and of the built-in authority's time-stamps."
    )
    head_targets: str = Field(
        default="",
        description="Where tree heads go, separated by spaces: smtps://, https://, s3:// (locked), file:.",
    )
    scan_days: int = Field(default=7, gt=0, description="Days within which a stamped page's scan is due.")
    renew_evidence_days: int = Field(
        default=180, gt=0, description="How long before a document time-stamp ends the next one is made."
    )
    time_zone: str = Field(default="Asia/Shanghai", description="The organisation's time zone.")
    default_language: Literal["zh-CN", "en"] = Field(
        default="zh-CN", description="Language where neither person nor browser says one."
    )
    upload_max_bytes: int = Field(default=200 * 1024 * 1024, gt=0, description="Largest upload, in bytes.")
    upload_max_pages: int = Field(default=2000, gt=0, description="Most pages of one document.")
    invoice_gateway: str = Field(
        default="", description="Mapping file of a gateway to the tax platform 发票查验."
    )
    active_content: Literal["accept", "refuse"] = Field(
        default="accept",
        description="Whether PDFs with active content are taken in (never signed in place) or refused.",
    )
    unsignable: Literal["offer", "refuse"] = Field(
        default="offer",
        description="Whether a copy is offered for PDFs that cannot be signed as they are.",
    )
    clamav_url: str = Field(default="", description="unix:/path or tcp://host:port of clamd; empty: none.")
    verify_public: bool = Field(
        default=False, description="Whether the verify page answers people outside loopback and intranet."
    )
    trusted_proxies: str = Field(
        default="", description="Comma-separated addresses whose X-Forwarded-For is believed."
    )
    session_hours: int = Field(default=12, gt=0, description="How long a sign-in lasts, in hours.")
    batch_most: int = Field(
        default=200,
        gt=0,
        le=1000,
        description="Most approvals that one PIN entry makes.",
    )
    batch_minutes: int = Field(
        default=15, gt=0, le=120, description="How long one PIN entry holds for a batch, in minutes."
    )
    master_key_url: str = Field(
        default="", description="Empty: a file in the home; pkcs11:LABEL: that file, wrapped by a token."
    )
    pkcs11_module: str = Field(default="", description="Path of the PKCS#11 library of a token.")
    pkcs11_token: str = Field(default="", description="Label of the token.")
    pkcs11_pin_file: Path | None = Field(default=None, description="File that holds the token's PIN.")
    pin_lock_after: int = Field(
        default=15, ge=6, le=100, description="Wrong PINs in a row after which only a new key helps."
    )
    key_replacement_hours: int = Field(
        default=24, ge=0, le=720, description="Hours in which the owner may stop the replacement of a key."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Log level.")
    log_json: bool = Field(default=False, description="Write logs as JSON lines.")

    @property
    def effective_database_url(self) -> str:
        """SQLAlchemy URL; PostgreSQL always speaks through psycopg 3."""
        url = self.database_url or f"sqlite:///{(self.home / 'vermilion.db').absolute()}"
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        return url

    @property
    def effective_objects_url(self) -> str:
        return self.objects_url or f"file:{(self.home / 'objects').absolute()}"

    @property
    def effective_search_url(self) -> str:
        return self.search_url or f"tantivy:{(self.home / 'search').absolute()}"

    @property
    def effective_backup_url(self) -> str:
        return self.backup_url or f"file:{(self.home / 'backups').absolute()}"

    @property
    def effective_public_url(self) -> str:
        """Where people reach the portal, without a trailing slash."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"http://{self.listen}" if not self.listen.startswith("unix:") else "http://localhost"

    @property
    def effective_pki_url(self) -> str:
        """Where verifiers reach the authority's files, without a trailing slash.

        It stands in every certificate for as long as that is judged. Below ``public_url`` unless set.
        """
        return self.pki_url.rstrip("/") if self.pki_url else f"{self.effective_public_url}/pki"

    def key_algorithm(self, role: str) -> str:
        """The kind of new keys of a role of ``KEY_ROLES``. Raises SettingUnusable."""
        chosen = "P-256"
        for word in self.key_algorithms.replace(",", " ").split():
            name, _, algorithm = word.rpartition("=")
            if algorithm not in KEY_ALGORITHMS or (name and name not in KEY_ROLES):
                raise SettingUnusable(setting="VERMILION_KEY_ALGORITHMS", reason=f"'{word}'")
            if not name or name == role:
                chosen = algorithm
        return chosen

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        return ZoneInfo(self.time_zone)

    def check(self) -> None:
        """Refuse what cannot work, naming the setting.

        Raises SettingUnusable. Only the form is judged here; whether a server answers is found
        out by the back-end itself when it is opened.
        """
        _require_scheme(
            "VERMILION_DATABASE_URL", self.effective_database_url, ("sqlite", "postgresql+psycopg")
        )
        _require_scheme("VERMILION_OBJECTS_URL", self.effective_objects_url, ("file", "s3", "s3+http"))
        _require_scheme(
            "VERMILION_SEARCH_URL",
            self.effective_search_url,
            ("tantivy", "elasticsearch+http", "elasticsearch+https"),
        )
        _require_scheme(
            "VERMILION_BROKER_URL", self.broker_url, ("embedded", "redis", "rediss", "amqp", "amqps")
        )
        _require_scheme("VERMILION_BACKUP_URL", self.effective_backup_url, ("file", "s3", "s3+http"))
        if not self.timestamp_url.split():
            raise SettingUnusable(setting="VERMILION_TIMESTAMP_URL", reason="empty")
        for url in self.timestamp_url.split():
            _require_scheme("VERMILION_TIMESTAMP_URL", url, ("internal", "http", "https"))
        if self.pki_url:
            _require_scheme("VERMILION_PKI_URL", self.pki_url, ("http", "https"))
        self.key_algorithm("person")
        if self.clamav_url:
            _require_scheme("VERMILION_CLAMAV_URL", self.clamav_url, ("unix", "tcp"))
        self.listen_address()
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingUnusable(
                setting="VERMILION_TIME_ZONE", reason=f"unknown zone {self.time_zone}"
            ) from error

    def listen_address(self) -> tuple[str, int] | Path:
        """``(host, port)``, or the path of a Unix socket. Raises SettingUnusable."""
        if self.listen.startswith("unix:"):
            return Path(self.listen.removeprefix("unix:"))
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdigit() or not 0 <= int(port) < 65536:
            raise SettingUnusable(setting="VERMILION_LISTEN", reason=f"'{self.listen}' is not host:port")
        return host.strip("[]"), int(port)


def _require_scheme(setting: str, url: str, allowed: tuple[str, ...]) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in allowed:
        raise SettingUnusable(
            setting=setting,
            reason=f"'{scheme or url.split(':')[0]}' is not supported here; use one of {', '.join(allowed)}",
        )
