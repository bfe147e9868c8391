"""Static files as browsers get them: small, compressed once, under an address that follows their content.

Scripts are written in `scripts/` and made small by `make scripts` into `static/`, where they are kept: serving
needs no tool for it. A file's mark is taken from the bytes that are served, so an address with the right mark may be
kept for ever.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, request, session, url_for
from rcssmin import cssmin

from portal.web.guard import public
from portal.web.shedding import Turn, turn

_HERE = Path(__file__).parent
FOLDER = _HERE / "static"
SCRIPTS = {
    "app.js": ("app",),
    "phone.js": ("app", "lock"),
    "form.js": ("app", "lock", "send"),
    "flag.js": ("app", "lock", "send", "flag"),
    "session.js": ("app", "lock", "send", "session"),
    "desk.js": ("app", "lock", "send", "desk"),
    "print.js": ("app", "lock", "print"),
    "secret.js": ("app", "lock", "door"),
    "settings.js": ("app", "lock", "named"),
    "ready.js": ("app", "lock", "settle"),
    "set-passkey.js": ("app", "lock", "key", "passkey"),
    "sign-in.js": ("app", "key", "door", "sign-in"),
    "office.js": ("app", "key", "door", "passkey"),
    "begin.js": ("app", "key", "door", "begin"),
    "key.js": ("key",),
    "passkey.js": ("passkey",),
    "trust.js": ("trust",),
}
"""What is served, and of which sources in `scripts/` it is made: a page loads one file, which costs one request,
and fewer bytes than its parts. `key` and `passkey` are fetched by others when they are needed; `trust` comes with
htmx, which cannot do its work without it."""
HTMX = "htmx.min.js"


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


def sources(name: str) -> list[Path]:
    """The files in the tree that a served script is made of, in their order."""
    return [_HERE / "scripts" / f"{part}.js" for part in SCRIPTS[name]]


def stamp(name: str) -> bytes:
    """The line that stands above a small script and says of which sources it was made."""
    return b"//" + hashlib.sha256(_joined(name)).hexdigest()[:16].encode()


def made_small(name: str) -> bytes | None:
    """What `make scripts` made of a script; None when its sources have changed since."""
    file = FOLDER / name
    above, _, body = file.read_bytes().partition(b"\n") if file.exists() else (b"", b"", b"")
    return body if above == stamp(name) else None


@lru_cache(maxsize=64)
def load(name: str) -> Asset:
    """A file by its name. Raises `FileNotFoundError` for any that is not served."""
    if name in SCRIPTS:
        body = made_small(name) or _joined(name)  # whoever works on a script sees his change at once
    elif name == HTMX:
        body = load("trust.js").body + (FOLDER / HTMX).read_bytes()
    elif name in {file.name for file in FOLDER.iterdir()}:
        body = (FOLDER / name).read_bytes()
    else:
        raise FileNotFoundError(name)
    if name.endswith(".css"):
        body = str(cssmin(body.decode())).encode()
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # mtime=0: the same file is the same bytes in every process
    return Asset(body, gzip.compress(body, 9, mtime=0), hashlib.sha256(body).hexdigest()[:8], mimetype)


def _joined(name: str) -> bytes:
    return b"\n".join(file.read_bytes() for file in sources(name))
