"""Looking at the public address as a stranger's browser would: certificate, TLS, and what is answered in clear.

Only `flask doctor --tls` does it: it is the one check that goes out over the network.
"""

import socket
import ssl
import warnings

from portal.base.settings import Settings
from portal.cli.finding import Finding, bad, ok, warn

HTTPS, HTTP = 443, 80
_PATIENCE = 10  # seconds
_TYPED = b"POST /masuk HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def tls(settings: Settings, port: int = HTTPS) -> Finding:
    """The address is answered with a certificate that browsers trust, by TLS 1.2 or newer with forward secrecy."""
    if not settings.trusted_hosts:
        return bad("under which name is not set. Set PORTAL_TRUSTED_HOSTS.")
    host = settings.trusted_hosts[0]
    try:
        spoken = _greeted(host, port, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        return bad(f"browsers would not trust {host}: {error.verify_message}. Renew its certificate.")
    except OSError as error:
        return bad(f"{host} does not answer by TLS ({type(error).__name__}). Start the web server in front.")
    if _accepts(host, port, _old()):
        return bad(f"{host} still speaks TLS 1.0 or 1.1. Use the ssl_protocols of deploy/nginx.conf.")
    if _accepts(host, port, _without_secrecy()):
        return bad(f"{host} speaks without forward secrecy. Use the ssl_ciphers of deploy/nginx.conf.")
    return ok(f"{host} speaks {spoken}, with a certificate that browsers trust, and nothing older than TLS 1.2")


def in_clear(settings: Settings, port: int = HTTP) -> Finding:
    """What is sent to the address in clear is refused, not taken and not sent on."""
    host = next(iter(settings.trusted_hosts), "localhost")
    try:
        with socket.create_connection((host, port), _PATIENCE) as line:
            line.sendall(_TYPED % host.encode())
            first = line.recv(64)
    except OSError:
        return ok(f"{host} does not answer in clear")
    said = first.split(b" ")[1:2]
    if said and said[0][:1] == b"4":
        return ok(f"{host} refuses what is sent in clear")
    return bad(f"{host} takes what is sent in clear, or sends it on. Use the first servers of deploy/nginx.conf.") \
        if said else warn(f"{host} answers in clear, but not by HTTP")


def _greeted(host: str, port: int, context: ssl.SSLContext) -> str:
    """The version of TLS on which both agreed."""
    with socket.create_connection((host, port), _PATIENCE) as plain, \
            context.wrap_socket(plain, server_hostname=host) as line:
        return line.version() or ""


def _accepts(host: str, port: int, context: ssl.SSLContext) -> bool:
    try:
        return bool(_greeted(host, port, context))
    except OSError:  # with it every refusal of TLS
        return False


def _anybody() -> ssl.SSLContext:
    """For a probe that ends with the greeting: nothing is sent, so whoever answers is nothing to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _old() -> ssl.SSLContext:
    """A browser that knows nothing newer than TLS 1.1."""
    context = _anybody()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


def _without_secrecy() -> ssl.SSLContext:
    """One that wants the key of the conversation sent under the certificate's own."""
    context = _anybody()
    context.set_ciphers("kRSA:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context
