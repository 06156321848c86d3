"""Where tree heads go: places that whoever runs this installation cannot rewrite.

``VERMILION_HEAD_TARGETS`` holds addresses, separated by white space:

- ``smtps://USER:PASSWORD@HOST?from=A&to=B,C`` or ``smtp://…`` (with STARTTLS; ``&tls=no`` inside a
  trusted net): a mail with the head as text and as attachment;
- ``https://HOST/PATH#whsec_SECRET``: a POST, signed after Standard Webhooks where a secret is given;
- ``s3://KEY:SECRET@HOST/BUCKET?days=3650``: a bucket with Object Lock; the object is put under
  compliance mode for so many days, and a bucket without a lock is refused;
- ``file:FOLDER``: a folder, such as a mounted write-once share; a file is never written twice.

A place is called by its address without its secrets.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

import urllib3

from core.addresses import is_loopback
from core.errors import SettingUnusable, VermilionError
from signing.heads import SignedHead, parse
from storage.opening import folder_of

SETTING: Final = "VERMILION_HEAD_TARGETS"
_SECONDS: Final = 20
_DAYS: Final = 3650
_SECRET: Final = "whsec_"  # noqa: S105 (a prefix)


class HeadNotDelivered(VermilionError):
    """A place did not take a tree head. Context: ``target``, ``reason``."""

    code = "head-not-delivered"
    status = 503


def labels(setting: str) -> list[str]:
    """The configured places, each by its address without secrets."""
    return [label(url) for url in setting.split()]


def label(url: str) -> str:
    """An address without user, password, query and fragment; a mail's receivers stay."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port:
        host += f":{parts.port}"
    if parts.scheme in ("smtp", "smtps"):
        return f"{parts.scheme}://{host}/{','.join(_receivers(parts))}"[:300]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))[:300]


def check(setting: str) -> None:
    """Raise SettingUnusable for an address that cannot work, or one that stands there twice."""
    for url in setting.split():
        parts = urlsplit(url)
        problem = _problem(parts)
        if problem:
            raise SettingUnusable(setting=SETTING, reason=f"{label(url)}: {problem}")
    names = labels(setting)
    for one in names:
        if names.count(one) > 1:
            raise SettingUnusable(setting=SETTING, reason=f"{one} stands there twice")


def _problem(parts: SplitResult) -> str | None:
    if parts.scheme not in _SENDERS:
        return f"'{parts.scheme}' is not one of {', '.join(_SENDERS)}"
    query = parse_qs(parts.query)
    if parts.scheme in ("smtp", "smtps") and not (parts.hostname and query.get("from") and query.get("to")):
        return "smtps://USER:PASSWORD@HOST?from=A&to=B is what it looks like"
    if parts.scheme in ("http", "https"):
        return _webhook_problem(parts)
    if parts.scheme in ("s3", "s3+http") and not query.get("days", ["1"])[0].isdigit():
        return "days is a number"
    return "a folder is missing" if parts.scheme == "file" and not parts.path else None


def _webhook_problem(parts: SplitResult) -> str | None:
    if not parts.hostname:
        return "a host is missing"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "only https leaves this machine"
    try:
        _secret_of(parts.fragment)
    except ValueError:
        return "the secret after # is whsec_ and base64"
    return None


def deliver(setting: str, name: str, head: SignedHead, now: datetime) -> str:
    """Send a head to the place of this label. Returns what the place answered.

    Sending again what is there already is no failure. Raises HeadNotDelivered; the reason holds no
    secret. A place that is no longer configured is one of the reasons.
    """
    url = next((one for one in setting.split() if label(one) == name), None)
    if url is None:
        raise HeadNotDelivered(target=name, reason="no longer configured")
    parts = urlsplit(url)
    try:
        return _SENDERS[parts.scheme](url, parts, head, now)
    except HeadNotDelivered:
        raise
    except VermilionError as error:
        reason = str(error.context.get("reason") or error.code)
        raise HeadNotDelivered(target=name, reason=reason) from error
    except (OSError, smtplib.SMTPException, urllib3.exceptions.HTTPError) as error:
        reason = _without_secrets(f"{type(error).__name__}: {error}", parts)
        raise HeadNotDelivered(target=name, reason=reason) from error


def _without_secrets(text: str, parts: SplitResult) -> str:
    for secret in (parts.password, unquote(parts.password or ""), parts.fragment, parts.query):
        if secret:
            text = text.replace(secret, "…")
    return text[:400]


def _receivers(parts: SplitResult) -> list[str]:
    return [one.strip() for value in parse_qs(parts.query).get("to", []) for one in value.split(",")]


def _send_mail(url: str, parts: SplitResult, head: SignedHead, now: datetime) -> str:
    query, stated = parse_qs(parts.query), parse(head.body)
    mail = EmailMessage()
    mail["Subject"] = f"Vermilion tree head {stated.number} ({stated.origin}, {stated.size})"
    mail["From"], mail["To"] = query["from"][0], ", ".join(_receivers(parts))
    mail["Date"] = now
    mail["Message-ID"] = f"<tree-head-{stated.number}-{head.digest[:16]}@{stated.origin.split('/')[0]}>"
    mail.set_content(head.body)
    mail.add_attachment(head.to_file(), "application", "json", filename=head.name)
    is_tls = parts.scheme == "smtps"
    connect: Callable[..., smtplib.SMTP] = smtplib.SMTP_SSL if is_tls else smtplib.SMTP
    options = {"context": ssl.create_default_context()} if is_tls else {}
    with connect(
        parts.hostname, parts.port or (465 if is_tls else 587), timeout=_SECONDS, **options
    ) as server:
        if not is_tls and query.get("tls", ["yes"])[0] != "no":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(mail)
    return str(mail["Message-ID"])


def _secret_of(fragment: str) -> bytes | None:
    if not fragment:
        return None
    if not fragment.startswith(_SECRET):
        raise ValueError("no secret")
    return base64.b64decode(unquote(fragment).removeprefix(_SECRET), validate=True)


def webhook_headers(secret: bytes | None, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Headers after Standard Webhooks: HMAC-SHA256 over ``id.timestamp.body``."""
    seconds = str(int(at.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": seconds, "content-type": "application/json"}
    if secret is not None:
        signed = hmac.digest(secret, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = "v1," + base64.b64encode(signed).decode()
    return headers


def _post(url: str, parts: SplitResult, head: SignedHead, now: datetime) -> str:
    facts = json.loads(head.to_file())
    message = {"type": "tree_head.created", "timestamp": now.isoformat(), "data": facts}
    body = json.dumps(message, ensure_ascii=False).encode()
    headers = webhook_headers(_secret_of(parts.fragment), f"head_{head.digest[:32]}", now, body)
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, parts.query, ""))
    with urllib3.PoolManager(timeout=_SECONDS, retries=False) as pool:
        answer = pool.request("POST", address, body=body, headers=headers, redirect=False)
    if not 200 <= answer.status < 300:
        raise HeadNotDelivered(target=label(url), reason=f"HTTP {answer.status}")
    return f"HTTP {answer.status}"


def _put_locked(url: str, parts: SplitResult, head: SignedHead, now: datetime) -> str:
    from storage.locked import put_locked  # its client takes long to import

    days = int(parse_qs(parts.query).get("days", [str(_DAYS)])[0])
    version = put_locked(url, SETTING, f"heads/{head.name}", head.to_file(), now + timedelta(days=days))
    return f"version {version}"


def _write(url: str, parts: SplitResult, head: SignedHead, now: datetime) -> str:
    path: Path = folder_of(url) / head.name
    data = head.to_file()
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        if path.read_bytes() != data:
            raise HeadNotDelivered(
                target=label(url), reason=f"{head.name} is there with other bytes"
            ) from None
    return hashlib.sha256(data).hexdigest()


_SENDERS: Final[dict[str, Callable[[str, SplitResult, SignedHead, datetime], str]]] = {
    "smtp": _send_mail,
    "smtps": _send_mail,
    "http": _post,
    "https": _post,
    "s3": _put_locked,
    "s3+http": _put_locked,
    "file": _write,
}
