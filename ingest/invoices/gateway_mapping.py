"""The mapping file of a commercial gateway to the tax platform: its shape, and filling in requests.

One YAML file says where the gateway is, what it calls the fields, how it wants to be signed to, and what
its answers mean. Secrets stay in environment variables, which the file names. ``docs/administrator.md``
describes it for those who write one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import SettingUnusable
from ingest.invoices.checking import Inquiry, InquiryKind
from ingest.invoices.models import CheckOutcome

SETTING: Final = "VERMILION_INVOICE_GATEWAY"
_MOST_BYTES: Final = 256 * 1024
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)(?::([^{}]*))?\}")
_FIELDS: Final = frozenset(
    {
        "kind",
        "code",
        "number",
        "date",
        "net",
        "total",
        "amount",
        "check_code",
        "timestamp",
        "milliseconds",
        "nonce",
    }
)
Path_ = Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)]
"""A simple path into an answer: ``data.result``, with numbers for places in a list."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(_Strict):
    """A value that is read from an environment variable."""

    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")]

    def read(self) -> str:
        """The value. Raises SettingUnusable naming the variable, never its value."""
        value = os.environ.get(self.env, "")
        if not value:
            raise SettingUnusable(setting=SETTING, reason=f"the environment variable {self.env} is not set")
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            raise SettingUnusable(setting=SETTING, reason=f"{self.env} holds control characters")
        return value


Template = Annotated[str, Field(max_length=500)] | Secret


class NoAuth(_Strict):
    """Headers say it all, or nothing is needed."""

    scheme: Literal["none"] = "none"


class SignAuth(_Strict):
    """App key and signature: parameters sorted by name, joined, and digested with the secret.

    The signed text is ``before`` + ``name=value`` pairs joined by ``joiner`` + ``after``, in which
    ``{secret}`` stands for the secret. ``hmac-*`` take the secret as key instead.
    """

    scheme: Literal["sign"]
    algorithm: Literal["md5", "sha256", "hmac-md5", "hmac-sha1", "hmac-sha256"]
    secret: Secret
    field: str = "sign"
    place: Literal["body", "query", "header"] = "body"
    pair: str = "{name}={value}"
    joiner: str = "&"
    before: str = ""
    after: str = ""
    encoding: Literal["hex", "upper-hex", "base64"] = "hex"
    leave_out: tuple[str, ...] = ()


class TokenAuth(_Strict):
    """A token is fetched first and kept until it ends."""

    scheme: Literal["token"]
    url: str
    fields: dict[str, Template] = Field(default_factory=dict, max_length=30)
    format: Literal["json", "form"] = "form"
    token: Path_
    expires_in: Path_ | None = None  # seconds
    header: str = "Authorization"
    prefix: str = "Bearer "


Auth = Annotated[NoAuth | SignAuth | TokenAuth, Field(discriminator="scheme")]


class RequestShape(_Strict):
    """What is sent: the gateway's field names, with templates such as ``{number}`` or ``{date:%Y%m%d}``.

    ``kinds`` adds or replaces fields for one kind. A field whose template comes out empty is left out.
    """

    format: Literal["json", "form", "query"] = "json"
    fields: dict[str, Template] = Field(max_length=60)
    kinds: dict[InquiryKind, dict[str, Template]] = Field(default_factory=dict)
    kind_codes: dict[InquiryKind, str] = Field(default_factory=dict)

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: dict[str, Template]) -> dict[str, Template]:
        _check_templates(fields)
        return fields

    @field_validator("kinds")
    @classmethod
    def _known_of_kinds(
        cls, kinds: dict[InquiryKind, dict[str, Template]]
    ) -> dict[InquiryKind, dict[str, Template]]:
        for fields in kinds.values():
            _check_templates(fields)
        return kinds


class OutcomeRule(_Strict):
    """When the answer has one of ``values`` at ``path``, it means ``outcome`` (or: ask again later)."""

    path: Path_
    values: tuple[str, ...] = Field(min_length=1)
    outcome: CheckOutcome | Literal["try-later", "refused"]


class ResponseShape(_Strict):
    """What answers mean: the first rule that fits counts. ``message`` is where their words are."""

    outcomes: tuple[OutcomeRule, ...] = Field(min_length=1)
    message: Path_ | None = None


class Mapping_(_Strict):
    """A whole mapping file."""

    version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    url: str
    method: Literal["POST", "GET"] = "POST"
    timeout_seconds: float = Field(default=20, gt=0, le=120)
    ca_file: Path | None = None
    headers: dict[str, Template] = Field(default_factory=dict, max_length=30)
    auth: Auth = NoAuth()
    request: RequestShape
    response: ResponseShape

    @model_validator(mode="after")
    def _hangs_together(self) -> Mapping_:
        check_url(self.url)
        if isinstance(self.auth, TokenAuth):
            check_url(self.auth.url)
        if self.method == "GET" and self.request.format != "query":
            raise ValueError("request.format: a GET carries its fields in the query")
        for name in self.headers:
            if not re.fullmatch(r"[A-Za-z0-9-]{1,60}", name):
                raise ValueError(f"headers: '{name}' is no header name")
        return self


def check_url(url: str) -> None:
    """HTTPS, or HTTP to this machine alone. Raises ValueError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.username or parts.fragment or any(ord(one) <= 32 for one in url):
        raise ValueError("url: not an address of a gateway")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError("url: must begin with https:// (http:// only for this machine)")


def read_mapping(path: Path) -> Mapping_:
    """The mapping file. Raises SettingUnusable naming the place that does not fit."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingUnusable(setting=SETTING, reason="the file is too large")
        data = yaml.safe_load(path.read_text("utf-8"))
        return Mapping_.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        raise SettingUnusable(setting=SETTING, reason=f"{place}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SettingUnusable(setting=SETTING, reason=str(error).splitlines()[0][:200]) from error


def secrets_of(mapping: Mapping_) -> list[str]:
    """The values of all secrets, so that they can be kept out of what is stored."""
    found: list[Secret] = [one for one in mapping.headers.values() if isinstance(one, Secret)]
    for fields in (mapping.request.fields, *mapping.request.kinds.values()):
        found += [one for one in fields.values() if isinstance(one, Secret)]
    if isinstance(mapping.auth, SignAuth):
        found.append(mapping.auth.secret)
    if isinstance(mapping.auth, TokenAuth):
        found += [one for one in mapping.auth.fields.values() if isinstance(one, Secret)]
    return [one.read() for one in found]


def _check_templates(fields: Mapping[str, Template]) -> None:
    for template in fields.values():
        if isinstance(template, str):
            for name, shape in _PLACEHOLDER.findall(template):
                if name not in _FIELDS or (shape and name != "date"):
                    raise ValueError(f"'{{{name}}}' is not a field; use one of {', '.join(sorted(_FIELDS))}")


def fill(
    fields: Mapping[str, Template], values: Mapping[str, str], inquiry: Inquiry | None
) -> dict[str, str]:
    """The fields of a request; those that come out empty are left out."""
    filled: dict[str, str] = {}
    for name, template in fields.items():
        if isinstance(template, Secret):
            filled[name] = template.read()
            continue

        def put(match: re.Match[str]) -> str:
            if match[1] == "date" and inquiry is not None:
                return inquiry.issue_date.strftime(match[2] or "%Y-%m-%d")
            return values.get(match[1], "")

        text = _PLACEHOLDER.sub(put, template)
        if text:
            filled[name] = text
    return filled


def values_of(mapping: Mapping_, inquiry: Inquiry) -> dict[str, str]:
    """What placeholders stand for. ``amount`` is the one that the kind is asked for with."""
    plain = inquiry.to_json()
    amount = plain.get("net") or plain.get("total") or ""
    kind = mapping.request.kind_codes.get(inquiry.kind, inquiry.kind.value)
    return {**plain, "kind": kind, "amount": amount, "date": plain["issue_date"]}


def at(data: Any, path: str) -> Any:
    """What an answer holds at a simple path; None where there is nothing."""
    for part in path.split("."):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def as_text(value: Any) -> str | None:
    """A plain value as mapping files write it: ``true``, ``0``, ``ok``; None for what is not plain."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
