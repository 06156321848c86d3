"""The commands that check an evidence bundle, as they stand in its instructions and in its script.

Each needs ``bash``, the usual small programs, ``openssl`` and, where it is named, ``pdfsig``; nothing
of Vermilion. They run in the bundle's folder. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

_CA: Final = "-CAfile certificates/root.pem"
_OTHERS: Final = "-untrusted certificates/others.pem"

_ESCAPED: Final = r"""$(printf '%s' "01$1$2" | sed 's/../\\x&/g')"""
HASH: Final = f"H() {{ printf '%b' \"{_ESCAPED}\" | openssl dgst -sha256 -r | cut -c1-64; }}"
"""A node of the tree: SHA-256 over a one byte and the two hashes (RFC 9162, 2.1.1)."""


@dataclass(frozen=True)
class Check:
    """One command and a line that it says when all is well; ``about`` names what it looks at."""

    section: str
    about: str
    command: str
    expect: str


@dataclass(frozen=True)
class PdfToCheck:
    """A PDF with signatures, and how many ``pdfsig`` judges."""

    file: str
    signatures: int


@dataclass(frozen=True)
class ContinuedPdf:
    """A continuation sheet, an earlier sheet that it names, and how many bytes that had then."""

    file: str
    earlier: str
    size: int


@dataclass(frozen=True)
class SignatureToCheck:
    """A signature that was cut out. ``stem`` is the path of its files without their endings."""

    stem: str
    pdf: str
    ranges: tuple[int, int, int, int]
    has_cms: bool
    has_token: bool
    is_ours: bool
    signer: str
    at: datetime | None


@dataclass
class Bundle:
    """What there is to check."""

    pdfs: list[PdfToCheck] = field(default_factory=list)
    signatures: list[SignatureToCheck] = field(default_factory=list)
    covered: dict[str, int] = field(default_factory=dict)  # PDF files that signatures cover, size
    continued: list[ContinuedPdf] = field(default_factory=list)
    signers: list[str] = field(default_factory=list)  # files of certificates
    crls: list[tuple[str, datetime]] = field(default_factory=list)  # PEM file, when it was issued
    ocsps: list[str] = field(default_factory=list)
    head: str = ""
    head_at: datetime | None = None
    previous: str | None = None
    previous_at: datetime | None = None
    entries: list[int] = field(default_factory=list)
    erased: set[int] = field(default_factory=set)
    register: list[tuple[str, int]] = field(default_factory=list)  # file, audit entry that tells of it


SECTIONS: Final = (
    "files", "pdfsig", "coverage", "continuation", "signatures", "tokens", "revocation", "head", "inclusion",
    "payloads", "register", "consistency",
)  # fmt: skip


def checks(bundle: Bundle) -> Iterator[Check]:
    """All checks, section by section."""
    yield Check("files", "SHA256SUMS", "sha256sum --check --quiet --strict SHA256SUMS && echo whole", "whole")
    for pdf in bundle.pdfs:
        count = f"pdfsig -nocert '{pdf.file}' | grep -c 'Signature is Valid'"
        yield Check("pdfsig", pdf.file, count, str(pdf.signatures))
    for file, size in bundle.covered.items():
        yield Check("coverage", file, f"test $(wc -c < '{file}') -eq {size} && echo covered", "covered")
    for link in bundle.continued:
        yield _continuation(link)
    for one in bundle.signatures:
        yield from _signature(one)
    yield from _revocation(bundle)
    heads = [(bundle.head, bundle.head_at)]
    if bundle.previous is not None:
        heads.append((bundle.previous, bundle.previous_at))
    for name, at in heads:
        yield from _head(name, at)
    for sequence in bundle.entries:
        yield _inclusion(sequence, bundle.head)
    for sequence in bundle.entries:
        if sequence not in bundle.erased:
            yield _payload(sequence)
    for file, sequence in bundle.register:
        digest = f"grep -c \"$(openssl dgst -sha256 -r '{file}' | cut -c1-64)\" audit/{sequence:08d}.payload"
        yield Check("register", file, digest, "1")
    if bundle.previous is not None:
        yield _consistency(bundle.previous, bundle.head)


def _continuation(link: ContinuedPdf) -> Check:
    """The digest of the earlier sheet's beginning stands in the continuation sheet's metadata."""
    beginning = f"$(head -c {link.size} '{link.earlier}' | openssl dgst -sha256 -r | cut -c1-64)"
    command = f"grep -aq \"sha256:{beginning}\" '{link.file}' && echo named"
    return Check("continuation", f"{link.file} ← {link.earlier}", command, "named")


def _signed_bytes(one: SignatureToCheck) -> str:
    start, length, second, rest = one.ranges
    return (
        f"{{ tail -c +{start + 1} '{one.pdf}' | head -c {length}; "
        f"tail -c +{second + 1} '{one.pdf}' | head -c {rest}; }} > signed.bin"
    )


def _at(moment: datetime | None) -> str:
    return f" -attime {int(moment.timestamp())}" if moment is not None else ""


def _signature(one: SignatureToCheck) -> Iterator[Check]:
    if one.has_cms:
        trust = f"{_CA} -certfile certificates/others.pem{_at(one.at)}" if one.is_ours else "-noverify"
        command = (
            f"{_signed_bytes(one)}\nopenssl cms -verify -binary -inform DER -in {one.stem}.p7s "
            f"-content signed.bin -purpose any {trust} -out /dev/null 2>&1; rm signed.bin"
        )
        about = f"{one.stem}.p7s – {one.signer}" + ("" if one.is_ours else " (-noverify)")
        yield Check("signatures", about, command, "CMS Verification successful")
    if one.has_token:
        data = f"{one.stem}.value" if one.has_cms else "signed.bin"
        verify = (
            f"openssl ts -verify -in {one.stem}.tst -token_in -data {data} {_CA} {_OTHERS}{_at(one.at)} 2>&1"
        )
        if not one.has_cms:
            verify = f"{_signed_bytes(one)}\n{verify}; rm signed.bin"
        yield Check("tokens", f"{one.stem}.tst", verify, "Verification: OK")


def _revocation(bundle: Bundle) -> Iterator[Check]:
    for file, _ in bundle.crls:
        command = f"openssl crl -in {file} -noout -verify -CAfile certificates/all.pem 2>&1"
        yield Check("revocation", file, command, "verify OK")
    lists = " ".join(f"-CRLfile {file}" for file, _ in bundle.crls)
    moments = [at for _, at in bundle.crls]
    if moments:
        for file in bundle.signers:
            command = f"openssl verify -crl_check_all {lists} {_CA} {_OTHERS}{_at(max(moments))} {file} 2>&1"
            yield Check("revocation", file, command, f"{file}: OK")
    for file in bundle.ocsps:
        command = f"openssl ocsp -respin {file} -noverify -resp_text 2>&1 | grep -c 'Cert Status: good'"
        yield Check("revocation", file, command, "1")


def _head(name: str, at: datetime | None) -> Iterator[Check]:
    yield Check(
        "head",
        f"heads/{name}.txt",
        f"openssl cms -verify -binary -inform DER -in heads/{name}.p7s -content heads/{name}.txt "
        f"-purpose any {_CA}{_at(at)} -out /dev/null 2>&1",
        "CMS Verification successful",
    )
    yield Check(
        "head",
        f"heads/{name}.tst",
        f"openssl ts -verify -in heads/{name}.tst -token_in -data heads/{name}.p7s "
        f"{_CA} {_OTHERS}{_at(at)} 2>&1",
        "Verification: OK",
    )


def _inclusion(sequence: int, head: str) -> Check:
    leaf = f"audit/{sequence:08d}"
    command = (
        f"{HASH}\n"
        f"h=$({{ printf '\\000'; cat {leaf}.leaf; }} | openssl dgst -sha256 -r | cut -c1-64)\n"
        f"while read -r side step; do if [ $side = left ]; then h=$(H $step $h); else h=$(H $h $step); fi; "
        f"done < {leaf}.proof\n"
        f'grep -qx "root $h" heads/{head}.txt && echo proved'
    )
    return Check("inclusion", f"{leaf}.leaf", command, "proved")


def _payload(sequence: int) -> Check:
    leaf = f"audit/{sequence:08d}"
    command = f'grep -c "$(openssl dgst -sha256 -r {leaf}.payload | cut -c1-64)" {leaf}.leaf'
    return Check("payloads", f"{leaf}.payload", command, "1")


def _consistency(previous: str, head: str) -> Check:
    command = (
        f"{HASH}\n"
        "while read -r verb step; do case $verb in (start) a=$step; b=$step;; (both) a=$(H $step $a); "
        f"b=$(H $step $b);; (new) b=$(H $b $step);; esac; done < heads/{previous}-{head}.consistency\n"
        f'grep -qx "root $a" heads/{previous}.txt && grep -qx "root $b" heads/{head}.txt && echo proved'
    )
    return Check("consistency", f"heads/{previous}-{head}.consistency", command, "proved")


def script(all_checks: Sequence[Check]) -> str:
    """All commands in one file for bash: says of each whether it went well, exit status 1 if one did not."""
    lines = [
        "#!/bin/bash",
        "# The commands of README.zh.md and README.en.md, one after the other.",
        "export LC_ALL=C",
        "bad=0",
        "check() { # about, a line that is expected, what was said",
        '  if grep -qxF -- "$2" <<< "$3"; then echo "ok      $1"',
        '  else echo "FAILED  $1"; sed "s/^/        /" <<< "$3"; bad=1; fi',
        "}",
    ]
    for one in all_checks:
        quoted = "'" + f"{one.section}: {one.about}".replace("'", "'\\''") + "'"
        lines.append(f"said=$({one.command}\n)\ncheck {quoted} '{one.expect}' \"$said\"")
    lines += ['[ $bad = 0 ] && echo "all is well" || echo "something is wrong"', "exit $bad", ""]
    return "\n".join(lines)
