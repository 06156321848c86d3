"""A tree head as text, and as the file that leaves the machine. Pure.

The text that is signed, line by line (version 1)::

    vermilion audit tree head v1
    origin <the installation's address>
    number <from 1, without gaps>
    size <entries in the tree>
    root <hex: RFC 9162, 2.1.1, SHA-256>
    time <RFC 3339, UTC>
    previous <hex: SHA-256 of the text of the head before, or zeros>

each line ended by one line feed. The signature is a detached CMS (RFC 5652) over these bytes, the
token (RFC 3161) is over the DER of the signature.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.errors import VermilionError

TITLE: Final = "vermilion audit tree head v1"
NO_PREVIOUS: Final = "0" * 64
FORMAT: Final = "vermilion-tree-head"
_BODY: Final = re.compile(
    r"vermilion audit tree head v1\n"
    r"origin (?P<origin>[^\n]{1,300})\nnumber (?P<number>\d{1,12})\nsize (?P<size>\d{1,18})\n"
    r"root (?P<root>[0-9a-f]{64})\ntime (?P<time>[0-9T:.Z-]{20,27})\nprevious (?P<previous>[0-9a-f]{64})\n"
)


class HeadNotUnderstood(VermilionError):
    """A file is no tree head. Context: ``file``."""

    code = "head-not-understood"
    status = 422


@dataclass(frozen=True)
class Head:
    """What a head states."""

    origin: str
    number: int
    size: int
    root: str
    at: datetime
    previous: str

    def body(self) -> str:
        """The text that is signed."""
        time = self.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return (
            f"{TITLE}\norigin {self.origin}\nnumber {self.number}\nsize {self.size}\nroot {self.root}\n"
            f"time {time}\nprevious {self.previous}\n"
        )


@dataclass(frozen=True)
class SignedHead:
    """A head's text with its signature and token (DER); both empty when only the text is known."""

    body: str
    signature: bytes = b""
    token: bytes = b""

    @property
    def digest(self) -> str:
        """What the next head names."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    @property
    def name(self) -> str:
        """A file's name, by number."""
        return f"head-{parse(self.body).number:08d}.json"

    def to_file(self) -> bytes:
        """The file that is sent out: JSON, readable, one for each head."""
        facts = {
            "format": FORMAT,
            "version": 1,
            "body": self.body,
            "signature": base64.b64encode(self.signature).decode(),
            "token": base64.b64encode(self.token).decode(),
        }
        return (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()


def parse(body: str, file: str = "") -> Head:
    """Read a head's text. Raises HeadNotUnderstood."""
    found = _BODY.fullmatch(body)
    if found is None:
        raise HeadNotUnderstood(file=file)
    try:
        at = datetime.fromisoformat(found["time"])
    except ValueError as error:
        raise HeadNotUnderstood(file=file) from error
    return Head(
        found["origin"], int(found["number"]), int(found["size"]), found["root"], at, found["previous"]
    )


def read_file(data: bytes, file: str) -> SignedHead:
    """A head from a file that was sent out, or from its bare text (out of a mail, say).

    Raises HeadNotUnderstood.
    """
    try:
        text = data.decode().replace("\r\n", "\n")
        start = text.find(TITLE)
        if not text.lstrip().startswith("{"):
            lines = text[max(start, 0) :].split("\n")[:7]
            signed = SignedHead("\n".join(lines) + "\n")
        else:
            facts = json.loads(text)
            if facts["format"] != FORMAT or facts["version"] != 1:
                raise HeadNotUnderstood(file=file)
            signature, token = (
                base64.b64decode(facts[name], validate=True) for name in ("signature", "token")
            )
            signed = SignedHead(facts["body"], signature, token)
        parse(signed.body, file)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HeadNotUnderstood(file=file) from error
    return signed
