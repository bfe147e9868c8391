"""Pages compressed, but only where that gives nothing away.

How long a compressed page is tells whether text in it repeats. Where somebody else chooses a part of a page
(an address with a query, a form that strangers' pages could send) and watches the lengths, he can guess what
stands beside it, such as the token of its forms (BREACH, CVE-2013-3587). So a page is compressed only when
nothing in it was chosen by the one who made the browser ask:

- it was asked for without a query, at an address that exists (a page that says "not found" repeats the address),
- or it answers a form that carried the token, which no stranger's page can do;
- and never at the desk, where what others wrote stands beside what is secret, and lines are good.

A proxy in front cannot know any of this: it must compress no pages (`gzip off` for text/html).
"""

import gzip

from flask import Flask, Response, g, request
from flask_login import current_user

_LEVEL = 6  # a third of the time of 9, and hardly longer
_PLAIN = 500  # bytes below which it is not worth the while
_NOTHING_REPEATED = {200, 203, 422}


def init_app(app: Flask) -> None:
    """Compress what may be, after everything else is done with the page."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if request.accept_encodings["gzip"] > 0 and len(body) > _PLAIN and _safe(response):
        response.set_data(gzip.compress(body, _LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response


def _safe(response: Response) -> bool:
    ours = request.method == "GET" or g.get("csrf_valid", False)
    at_desk = current_user and current_user.is_authenticated and current_user.is_staff
    return ours and not request.query_string and response.status_code in _NOTHING_REPEATED and not at_desk
