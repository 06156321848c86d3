"""Office files (DOCX, XLSX, PPTX) become PDF/A-2b by LibreOffice, where it is installed.

It runs outside the worker, which may not start programs, but within limits of its own
(``ingest.confined``): a profile for each file that is thrown away, no macros, no updates of links, no
network, bounded time, memory and output.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from ingest.errors import FileBroken, OfficeNotInstalled, ParserFailed

STANDARD: Final = "2b"
MEMORY: Final = 2 * 1024**3
OUTPUT: Final = 512 * 1024**2
_PROGRAMS: Final = ("soffice", "libreoffice")
_ROOT: Final = Path(__file__).resolve().parent.parent
_OPTION: Final = """ <item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">
  <value>{value}</value></prop></item>
"""
_OPTIONS: Final = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Office.Calc/Content/Update", "Link", "1"),
    ("Office.Common/Load", "UpdateDocMode", "0"),
    ("Office.Common/Filter/PDF/Export", "SelectPdfVersion", "2"),  # PDF/A-2b
    ("Office.Common/Filter/PDF/Export", "EmbedStandardFonts", "true"),
    ("Inet/Settings", "ooInetProxyType", "2"),  # a proxy at which nobody listens
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
"""Settings of LibreOffice; Writer never updates links at 0, Calc at 1."""


def program() -> str | None:
    """The path of LibreOffice, or None."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


def to_pdf(source: Path, folder: Path, seconds: float) -> Path:
    """Make a PDF/A-2b in the folder. Raises OfficeNotInstalled, ParserFailed (time), FileBroken."""
    found = program()
    if found is None:
        raise OfficeNotInstalled()
    home = folder / "office"
    profile, made = home / "profile", home / "made"
    made.mkdir(parents=True)
    _write_profile(profile / "user")
    copy = home / "document"
    shutil.copyfile(source, copy)
    try:
        _run(found, profile, made, copy, seconds)
        result = made / "document.pdf"
        if not result.is_file():
            raise FileBroken(reason="LibreOffice")
        target = folder / "office.pdf"
        result.replace(target)
        return target
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(found: str, profile: Path, made: Path, copy: Path, seconds: float) -> None:
    command = [
        sys.executable, "-m", "ingest.confined", str(MEMORY), str(int(seconds) + 1), str(OUTPUT), found,
        f"-env:UserInstallation={profile.absolute().as_uri()}",
        "--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck",
        "--convert-to", "pdf", "--outdir", str(made.absolute()), str(copy.absolute()),
    ]  # fmt: skip
    home = str(profile.parent.absolute())
    environment = {
        "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home,
        "PYTHONPATH": str(_ROOT), "SAL_USE_VCLPLUGIN": "svp",
        "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
    }  # fmt: skip
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=home,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise ParserFailed(reason="time") from error
    finally:
        with contextlib.suppress(ProcessLookupError):  # what it started goes with it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _write_profile(user: Path) -> None:
    user.mkdir(parents=True)
    options = "".join(_OPTION.format(path=path, name=name, value=value) for path, name, value in _OPTIONS)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"{options}</oor:items>\n",
        "utf-8",
    )
