"""A server that is killed again and again: the app is loaded once, a fork serves on the parent's socket, and dies.

python -m tests.support.nursery: prints its port; each line of standard input kills the fork and makes another, the
end of it kills the last. Settings come from the environment, as in a city.
"""

import os
import signal
import socket
import sys

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.app import create_app


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: object) -> None:
        """Nothing."""


def main() -> None:
    app = create_app()
    for template in app.jinja_env.list_templates(["html"]):
        app.jinja_env.get_template(template)  # compiled once, not by every fork
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listening.getsockname()[1], flush=True)
    child = _serve(app, listening)
    while True:
        again = sys.stdin.readline()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if not again:
            return
        child = _serve(app, listening)


def _serve(app: Flask, listening: socket.socket) -> int:
    child = os.fork()
    if child == 0:
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet,
                             fd=os.dup(listening.fileno()))
        server.serve_forever()
    return child


if __name__ == "__main__":
    main()
