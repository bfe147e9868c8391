"""Static files as browsers get them: minified, compressed once, under an address that follows their content.

A file's mark is taken from the bytes that are served, so an address with the right mark may be kept for ever.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, request, session, url_for
from rcssmin import cssmin
from rjsmin import jsmin

from portal.web.guard import public
from portal.web.shedding import Turn, turn

_FOLDER = Path(__file__).parent / "static"
BUNDLES = {
    "phone.js": ("app.js", "lock.js"),
    "sign-in.js": ("app.js", "door.js", "sign-in.js"),
    "begin.js": ("app.js", "door.js", "begin.js"),
    "flag.js": ("send.js", "flag.js"),
    "session.js": ("send.js", "session.js"),
}
"""What a page needs of several comes as one file: fewer requests, and fewer bytes compressed together."""


@dataclass(frozen=True)
class Asset:
    """One file, ready to be sent."""

    body: bytes
    packed: bytes
    mark: str
    mimetype: str


def init_app(app: Flask) -> None:
    """Serve `/static/…` from here instead of from the disk, and give templates `asset()`."""
    app.view_functions["static"] = turn(Turn.FREE)(public(serve))
    app.jinja_env.globals["asset"] = address
    app.after_request(_is_the_same_for_everyone)


def _is_the_same_for_everyone(response: Response) -> Response:
    """Flask-Login looks into the cookie after every request, and Flask would then say `Vary: Cookie`: browsers that
    heed it would load a file anew whenever the cookie changes, on every page."""
    if request.endpoint == "static" and not session.modified:
        session.accessed = False
    return response


def address(name: str) -> str:
    """The address of a static file with its content's mark."""
    return url_for("static", filename=name, v=load(name).mark)


def serve(filename: str) -> Response:
    """The file, compressed where the browser takes that. Under a mark that is not its own (an old page's, or
    none) it is served too, but asked for anew each time."""
    try:
        asset = load(filename)
    except FileNotFoundError:
        abort(404)
    packed = request.accept_encodings["gzip"] > 0 and len(asset.packed) < len(asset.body)
    response = Response(asset.packed if packed else asset.body, mimetype=asset.mimetype)
    if packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{asset.mark}-gz" if packed else asset.mark)
    lasting = request.args.get("v") == asset.mark
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
    return response.make_conditional(request)


@lru_cache(maxsize=64)
def load(name: str) -> Asset:
    """A file or bundle by its name. Raises `FileNotFoundError` for any other."""
    if name not in BUNDLES and name not in {file.name for file in _FOLDER.iterdir()}:
        raise FileNotFoundError(name)
    body = b"\n".join(_small(_FOLDER / part) for part in BUNDLES.get(name, (name,)))
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # mtime=0: the same file is the same bytes in every process
    return Asset(body, gzip.compress(body, 9, mtime=0), hashlib.sha256(body).hexdigest()[:8], mimetype)


def _small(file: Path) -> bytes:
    if file.name.endswith(".min.js"):
        return file.read_bytes()
    shrink = {".js": jsmin, ".css": cssmin}.get(file.suffix)
    return str(shrink(file.read_text())).encode() if shrink else file.read_bytes()
