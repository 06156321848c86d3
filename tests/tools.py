"""``python -m tests.tools``: gets the programs that tests need besides Python packages.

As root on Debian they come from its packages. Elsewhere the missing ones are named, and the tests
that need them are skipped with that reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests import elastic_server, verapdf
from tests.servers import MINIO, build_minio

# The same engine without the windows of a desktop takes half the processor time: it comes first.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PROGRAMS = {  # the program: Debian's packages, what needs it
    BROWSERS[0]: (BROWSERS[0], "the portal in a real Chromium"),
    "pdfsig": ("poppler-utils", "signatures checked by poppler"),
    "openssl": ("openssl", "signatures checked by OpenSSL"),
    "redis-server": ("redis-server", "Celery over a real Redis"),
    "soffice": (
        "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui",
        "Office files made into PDFs",
    ),
    "clamd": ("clamav-daemon", "files looked at by a real ClamAV"),
    "softhsm2-util": ("softhsm2", "keys in a PKCS#11 token"),
    "javac": ("openjdk-17-jdk-headless", "PDF/A judged by veraPDF; Elasticsearch"),
    "mvn": ("maven", "veraPDF and Elasticsearch are fetched by it"),
}


def missing() -> list[str]:
    """The programs that are not on this machine."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"  # where clamd lives
    found = {name for name in PROGRAMS if shutil.which(name, path=path)}
    if browser():
        found.add(BROWSERS[0])
    return [name for name in PROGRAMS if name not in found]


def browser() -> str | None:
    """The path of the Chromium that tests drive."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def install() -> None:
    """Install what is missing from Debian's packages, as root; else say what will be skipped."""
    if not MINIO.exists() and shutil.which("go"):
        print("building the MinIO server (once)", flush=True)
    if not build_minio():
        print("not on this machine: Go to build MinIO with; those tests will be skipped", file=sys.stderr)
    wanted = missing()
    if wanted:
        _install(sorted({package for name in wanted for package in PROGRAMS[name][0].split()}))
    for name in missing():
        print(
            f"not on this machine: {name} ({PROGRAMS[name][1]}); those tests will be skipped", file=sys.stderr
        )
    for reason in (verapdf.prepare(), elastic_server.prepare()):
        if reason:
            print(f"{reason}; those tests will be skipped", file=sys.stderr)


def _install(packages: list[str]) -> None:
    """Debian's packages, as root; nothing elsewhere."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {', '.join(packages)}", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        quiet = {"env": environment, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)  # type: ignore[call-overload]
        subprocess.run(  # type: ignore[call-overload]
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=False, **quiet
        )


if __name__ == "__main__":
    install()
