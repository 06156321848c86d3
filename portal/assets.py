"""What browsers load: built once from node_modules, served from here, named by content.

``python -m portal.assets build`` copies just what the pages use into ``portal/static/vendor`` under
names that carry a digest, with ``manifest.json`` telling which is which. Our own files are addressed
as ``/static/<digest>/<name>``, so both kinds may be cached for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = STATIC / "vendor"
MANIFEST: Final = VENDOR / "manifest.json"
FOR_EVER: Final = "public, max-age=31536000, immutable"
WORKER_POLICY: Final = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'"
"""A worker has the policy of its own response: pdf.js compiles its image decoders (wasm) there."""

ICONS: Final = (
    "adjustments", "alert-circle", "alert-triangle", "archive", "arrow-back-up", "arrow-left",
    "arrow-right", "arrows-maximize", "arrows-move", "backspace", "ban", "bell", "book-2", "building",
    "calendar", "camera", "certificate", "check", "checklist", "chevron-down", "chevron-left",
    "chevron-right", "chevron-up", "circle", "circle-check", "circle-dashed", "circle-x", "clock",
    "cloud-upload", "copy", "database", "device-desktop", "device-floppy", "dots", "download",
    "external-link", "eye", "file-certificate", "file-check", "file-invoice", "file-plus", "file-text",
    "file-x", "files", "filter", "flag", "folder", "git-branch", "heartbeat", "help", "history", "home",
    "hourglass", "inbox", "info-circle", "key", "language", "layers-subtract", "list", "lock", "login",
    "logout", "menu-2", "message", "minus", "mood-empty", "moon", "paperclip", "pencil", "plus", "printer",
    "progress",
    "receipt", "receipt-yuan", "refresh", "rubber-stamp", "search", "send", "settings", "shield-check",
    "signature", "sun", "table-export", "trash", "upload", "user", "user-check", "user-plus", "users",
    "world", "x", "zoom-in", "zoom-out",
)  # fmt: skip

_FILES: Final = {
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "pdf.mjs": "pdfjs-dist/build/pdf.min.mjs",
    "pdf.worker.mjs": "pdfjs-dist/build/pdf.worker.min.mjs",
}
_FOLDERS: Final = {
    "cmaps": "pdfjs-dist/cmaps",
    "standard_fonts": "pdfjs-dist/standard_fonts",
    "wasm": "pdfjs-dist/wasm",
    "iccs": "pdfjs-dist/iccs",
}
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".png": "image/png",
}
_FONT_FACE: Final = (
    '@font-face{font-family:"Vermilion Sans SC";font-display:swap;'
    "unicode-range:U+2E80-9FFF,U+F900-FAFF,U+FF00-FFEF;"
    'src:local("Noto Sans SC"),local("Noto Sans CJK SC"),local("Source Han Sans SC"),url("FONT")}\n'
)
"""Last in the stack: fetched only where a system has no Chinese font of its own."""
_COMPRESSED: Final = frozenset({".css", ".js", ".mjs", ".svg"})


def build(modules: Path, vendor: Path = VENDOR) -> dict[str, str]:
    """Copy what the pages use out of ``modules``; returns the manifest, name to path below vendor.

    The old content of ``vendor`` is replaced. Raises FileNotFoundError naming what npm did not bring.
    """
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    manifest = {name: _keep(vendor, name, (modules / source).read_bytes()) for name, source in _FILES.items()}
    for name, source in _FOLDERS.items():
        manifest[name] = _keep_folder(vendor, name, modules / source)
    manifest["icons.svg"] = _keep(vendor, "icons.svg", sprite(modules / "@tabler/icons/icons/outline"))
    font = _chinese_font()
    if font is not None:
        kept = _keep(vendor, "noto-sans-sc.otf", font.read_bytes())
        manifest["fonts.css"] = _keep(vendor, "fonts.css", _FONT_FACE.replace("FONT", kept).encode())
    (vendor / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    return manifest


def sprite(icons: Path) -> bytes:
    """One SVG with a symbol for each icon in use."""
    symbols = []
    for name in ICONS:
        drawing = (icons / f"{name}.svg").read_text("utf-8")
        inner = re.sub(r"\s+", " ", drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")]).strip()
        inner = inner.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "").strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>").encode()


def _keep(vendor: Path, name: str, content: bytes) -> str:
    stem, _, ending = name.rpartition(".")
    kept = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
    (vendor / kept).write_bytes(content)
    if f".{ending}" in _COMPRESSED:
        (vendor / f"{kept}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    return kept


def _keep_folder(vendor: Path, name: str, source: Path) -> str:
    files = sorted(path for path in source.iterdir() if path.is_file())
    if not files:
        raise FileNotFoundError(source)
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    kept = f"{name}.{digest.hexdigest()[:12]}"
    shutil.copytree(source, vendor / kept)
    return kept + "/"


def _chinese_font() -> Path | None:
    spec = find_spec("pylopdf_fonts_zh_cn")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    font = folder / "NotoSansSC-Regular.otf" if folder else None
    return font if font is not None and font.exists() else None


@lru_cache(maxsize=1)
def _manifest() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(MANIFEST.read_text("utf-8"))
    except FileNotFoundError:
        structlog.get_logger().error(
            "assets_missing", advice="make install, or python -m portal.assets build"
        )
        return {}
    return found


@lru_cache(maxsize=256)
def _digest(path: Path, _modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset_url(name: str) -> str:
    """The address of an asset: a name of the manifest, or a file of ours below ``portal/static``."""
    kept = _manifest().get(name)
    if kept is not None:
        return f"/static/vendor/{kept}"
    path = STATIC / name
    if not path.is_file():
        return f"/static/missing/{name}"
    return f"/static/{_digest(path, path.stat().st_mtime_ns)}/{name}"


router = APIRouter(include_in_schema=False)


@router.get("/static/{version}/{name:path}")
def static_file(request: Request, version: str, name: str) -> Response:
    """One asset. Only files below ``portal/static`` are served, whatever the path says."""
    root = VENDOR if version == "vendor" else STATIC
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise HTTPException(404)
    headers = {"Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    if version != "vendor" and version != _digest(path, path.stat().st_mtime_ns):
        headers["Cache-Control"] = "no-cache"
    if "worker" in path.name:
        headers["Content-Security-Policy"] = WORKER_POLICY
    media_type = _MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    compressed = path.with_name(path.name + ".gz")
    if "gzip" in request.headers.get("accept-encoding", "") and compressed.is_file():
        return FileResponse(compressed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return FileResponse(path, media_type=media_type, headers=headers)


def main(arguments: list[str]) -> int:
    """``python -m portal.assets build [NODE_MODULES]``."""
    if not arguments or arguments[0] != "build":
        sys.stderr.write("usage: python -m portal.assets build [NODE_MODULES]\n")
        return 2
    modules = Path(arguments[1]) if len(arguments) > 1 else Path("node_modules")
    if not modules.is_dir():
        sys.stderr.write(f"{modules} is not there: run npm ci --ignore-scripts first\n")
        return 1
    manifest = build(modules)
    sys.stdout.write(f"{len(manifest)} assets in {VENDOR}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
