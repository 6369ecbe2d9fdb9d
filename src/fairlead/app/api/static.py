"""The console's own files: built into the package, served with tags, in parts and pressed."""

from __future__ import annotations

import asyncio
import mimetypes
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from fairlead.app.api.encode import pressed

DIST = "web_dist"
_KEPT_YEAR = "public, max-age=31536000, immutable"
_PLAIN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Fairlead</title>
<h1>Fairlead</h1>
<p>The interface runs, but the console's pages are not built.</p>
<p>With Node 20 or newer: <code>make web</code>, then start <code>fairlead console</code> again.</p>
<p>The interface is described at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
</html>"""


def dist() -> Path:
    """The folder of the built console; it may not exist."""
    return Path(str(files("fairlead").joinpath(DIST)))


def is_built() -> bool:
    """Whether the console's pages are there to serve."""
    return (dist() / "index.html").is_file()


def file_at(folder: Path, path: str) -> Path | None:
    """The file that a path names inside the folder; None for one outside it or not there."""
    if "\x00" in path or "\\" in path:
        return None
    try:
        found = (folder / path.lstrip("/")).resolve()
        inside = found.is_relative_to(folder.resolve()) and found.is_file()
    except (OSError, ValueError):
        return None
    return found if inside else None


async def static(request: Request) -> Response:
    """A file of the console; the page itself for its own addresses."""
    folder, path = dist(), request.path_params.get("path", "")
    if request.method not in ("GET", "HEAD") or path.startswith("api/"):
        return Response(
            b'{"error":"nothing is here","help":"see /api/v1/openapi.json","reason":"not_found"}',
            404,
            media_type="application/json",
        )
    found = file_at(folder, path)
    if found is None and "." not in path.rsplit("/", 1)[-1]:
        found = file_at(folder, "index.html")
        if found is None:
            return Response(_PLAIN, 200, {"Cache-Control": "no-store"}, "text/html; charset=utf-8")
    if found is None:
        return Response("not found", 404, media_type="text/plain")
    is_asset = path.startswith(("assets/", "fonts/"))
    headers = {"Cache-Control": _KEPT_YEAR if is_asset else "no-cache"}
    media_type = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    if found.suffix in (".js", ".mjs"):
        media_type = "text/javascript"
    may_press = media_type.startswith(("text/", "application/json", "image/svg"))
    if may_press and "range" not in request.headers:
        loop = asyncio.get_running_loop()
        stat = found.stat()
        accepted = request.headers.get("accept-encoding", "")
        offer = "zstd" if "zstd" in accepted else "gzip" if "gzip" in accepted else ""
        tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        headers |= {"ETag": tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match", "") == tag:
            return Response(status_code=304, headers=headers)
        body, encoding = await loop.run_in_executor(
            None, _pressed, found, stat.st_mtime_ns, media_type, offer
        )
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(body, 200, headers, media_type)
    return FileResponse(found, headers=headers, media_type=media_type)


@lru_cache(maxsize=256)
def _pressed(path: Path, mtime_ns: int, media_type: str, offer: str) -> tuple[bytes, str]:
    del mtime_ns
    return pressed(path.read_bytes(), media_type, offer)
