"""``ca request``, ``ca install``, ``ca move-root`` at the server; ``ca new-root``, ``ca answer`` where the
root lives: those two need no server, no home and no network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.errors import VermilionError
from signing import pki, root_folder
from signing.certificates import common_name
from signing.errors import RequestUnfit
from signing.keys import algorithm_of
from signing.root_papers import Request, read_request, write_answer
from signing.service import SigningService
from vermilion.commands.terminal import at_work, err, fail, out, texts

Folder = Annotated[Path, typer.Argument(help="Folder of the root.", file_okay=False)]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the passphrase; else it is asked for.", exists=True),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is right.")]
Algorithm = Literal["P-256", "RSA-2048", "RSA-3072", "RSA-4096"]


def new_root(
    folder: Folder,
    name: Annotated[str, typer.Option("--name", help="Name of the organisation.")],
    code: Annotated[str | None, typer.Option(help="Its unified social credit code.")] = None,
    algorithm: Annotated[Algorithm, typer.Option(help="Of the root's key.")] = "P-256",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Offline: make a root with its key under a passphrase. Prints its SHA-256."""
    with _said():
        identity = pki.Identity("", name, organisation_code=code)
        passphrase = _passphrase(passphrase_file, new=True)
        root = root_folder.make(folder, identity, passphrase, datetime.now(UTC), algorithm)
    out.print(root_folder.fingerprint(root), highlight=False)


def answer(
    folder: Folder,
    request: Annotated[Path, typer.Argument(help="File of 'ca request'.", exists=True, dir_okay=False)],
    to: Annotated[Path, typer.Option("--to", help="File to write; the server installs it.")],
    days: Annotated[
        int, typer.Option(min=1, max=root_folder.MOST_LIST_DAYS, help="How long the list is good.")
    ] = root_folder.LIST_DAYS,
    passphrase_file: PassphraseFile = None,
    yes: Yes = False,
) -> None:
    """Offline: issue what the server asks for, and the root's next revocation list."""
    with _said():
        data = request.read_bytes()
        asked = read_request(data)
        _show(asked, data)
        if not yes and not typer.confirm(texts().text("offline-answer-sure")):
            raise RequestUnfit(reason="not-confirmed")
        root = root_folder.open_root(folder, _passphrase(passphrase_file))
        made = root_folder.answer(root, asked, datetime.now(UTC), days)
        to.write_bytes(write_answer(made))
    until = made.revocation_list.next_update_utc
    out.print(texts().text("offline-answered", root=root_folder.fingerprint(made.root),
                           day=f"{until:%Y-%m-%d}"), highlight=False, soft_wrap=True)  # fmt: skip


def request(
    to: Annotated[Path, typer.Option("--to", help="File to write; the offline root answers it.")],
    name: Annotated[str, typer.Option(help="Name of the organisation, before the set-up.")] = "",
    issuing: Annotated[
        bool, typer.Option("--issuing", help="Ask for a new issuing authority before it is due.")
    ] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Give up a request that waits.")] = False,
) -> None:
    """Ask the offline root for its next revocation list and, where it is due, an issuing certificate.

    Before the set-up it asks for the first issuing authority, in place of 'ca init'.
    """
    with at_work() as work:
        data = work.runtime.get(SigningService).offline_root.request(None, name, issuing=issuing, anew=anew)
        to.write_bytes(data)
    out.print(hashlib.sha256(data).hexdigest(), highlight=False)


def install(
    file: Annotated[Path, typer.Argument(help="File of 'ca answer'.", exists=True, dir_okay=False)],
    root_sha256: Annotated[
        str,
        typer.Option("--root-sha256", help="Of the root, as the offline machine showed it; for the first."),
    ] = "",
) -> None:
    """Take in what the offline root answered. Prints the id of the new issuing certificate, if any."""
    with at_work() as work:
        made = work.runtime.get(SigningService).offline_root.install(None, file.read_bytes(), root_sha256)
    if made is not None:
        out.print(str(made), highlight=False)


def move_root(folder: Folder, passphrase_file: PassphraseFile = None, yes: Yes = False) -> None:
    """Move the root's key out of this server into a folder, under a passphrase. Nothing undoes it."""
    with at_work() as work:
        if not yes and not typer.confirm(texts().text("offline-move-sure")):
            raise RequestUnfit(reason="not-confirmed")
        passphrase = _passphrase(passphrase_file, new=True)
        digest = work.runtime.get(SigningService).offline_root.move(folder, passphrase)
    out.print(digest, highlight=False)
    err.print(texts().text("offline-moved", folder=str(folder)), highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Put the commands beside the others of the authority."""
    for verb, command in (("new-root", new_root), ("request", request), ("answer", answer),
                          ("install", install), ("move-root", move_root)):  # fmt: skip
        app.command(verb)(command)


def _show(asked: Request, data: bytes) -> None:
    """What is asked for, on standard error, for who answers to read and compare."""
    text, signing = texts(), asked.signing_request
    lines = [text.text("offline-request", digest=hashlib.sha256(data).hexdigest(), number=str(asked.number))]
    if signing is not None:
        subject, kind = signing.subject.rfc4514_string(), algorithm_of(signing.public_key())
        lines.append(text.text("offline-asks-issuing", subject=subject, name=common_name(signing.subject),
                               key=kind, url=asked.list_url))  # fmt: skip
    lines.append(text.text("offline-asks-list", count=len(asked.revoked)))
    lines += [f"  {one.serial:x}  {one.at:%Y-%m-%dT%H:%MZ}  {one.reason.value}" for one in asked.revoked]
    for line in lines:
        err.print(line, markup=False, highlight=False, soft_wrap=True)


def _passphrase(file: Path | None, *, new: bool = False) -> str:
    if file is not None:
        return file.read_text("utf-8").rstrip("\n")
    label = texts().text("offline-passphrase")
    return str(typer.prompt(label, hide_input=True, confirmation_prompt=new, err=True))


@contextmanager
def _said() -> Iterator[None]:
    """Errors are printed for a person and end the command with status 1."""
    try:
        yield
    except VermilionError as error:
        raise fail(error) from error
