"""Cookies and form tokens signed with SHA-256: left alone, Flask and Flask-WTF take SHA-1, as itsdangerous does."""

import hashlib

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer


class SessionCookies(SecureCookieSessionInterface):
    """Flask's own way, under a hash that nobody has to defend."""

    digest_method = staticmethod(hashlib.sha256)


def init_app(app: Flask) -> None:
    """Sign with it from now on. Flask-WTF cannot be told: it takes what itsdangerous takes by itself."""
    app.session_interface = SessionCookies()
    Signer.default_digest_method = staticmethod(hashlib.sha256)
