"""What every answer says to the browser: keep nothing, run nothing of others, tell nobody."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from portal.web import breaches

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "manifest-src 'self'; form-action 'self' {exit}; base-uri 'none'; frame-ancestors 'none'; "
    # no text becomes script, or the address of one; markup only where htmx is (scripts/trust.js)
    "require-trusted-types-for 'script'; trusted-types default; "
    # where browsers say that something was stopped; report-to would have them keep and send it later
    "report-uri {report}"
)

_NOT_NEEDED = ("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "fullscreen",
               "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "usb")

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: Flask-WTF wants a same-origin referrer for forms over HTTPS
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _NOT_NEEDED),
    "X-Robots-Tag": "noindex, nofollow",
}


def init_app(app: Flask) -> None:
    """Set the headers on every answer of the app."""
    # quick exit without script is a form that is sent on to the weather page: browsers ask form-action
    away = urlsplit(app.config["SETTINGS"].exit_url)
    always = {**_ALWAYS, "Content-Security-Policy": _CSP.format(
        exit=f"{away.scheme}://{away.netloc}", report=breaches.PATH)}
    app.extensions["breaches"] = breaches.Counted()

    @app.after_request
    def _set(response: Response) -> Response:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint == "static" and response.status_code in {200, 304}:
            return response  # they say themselves how long they may be kept
        response.headers["Cache-Control"] = "no-store"
        # Chromium keeps a 200 page for the Back button even after signing out; it does not keep a 203. Whoever did
        # not ask who is there shows nothing of hers, and is not to fail when the database cannot say.
        viewer = g.get("_login_user")
        hers = "names_somebody" in g or (viewer is not None and viewer.is_authenticated)
        if response.status_code == 200 and hers:  # noqa: PLR2004
            response.status_code = 203
        return response
