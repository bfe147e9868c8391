"""How gunicorn serves the portal, for `make run` and for a city's own server.

A city sets `PORT` and `WEB_CONCURRENCY`, or gives gunicorn its own options, which win over this file:

    gunicorn --config deploy/gunicorn.conf.py --bind unix:/run/catatan-kader/web.sock wsgi:app
"""

import os

# Files made from here on (a SQLite database and its journals) are the service's alone. gunicorn's own `umask`
# reaches no further than its sockets, where the web server in front, in the same group, must get in.
os.umask(0o077)
umask = 0o007

bind = "127.0.0.1:{}".format(os.environ.get("PORT") or "8000")  # TLS and the public address are the proxy's
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or "1")  # one process serves a city; SQLite likes one best
threads = 24  # more than `portal/web/shedding.py` has places for what may wait: concerns find one free
preload_app = True  # a broken setting stops the start; workers share memory, and open their own database

_MEMORY = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file, unlinked at once
timeout = 30  # seconds without a sign of life before a worker is replaced
graceful_timeout = 20  # seconds that running requests have to end after SIGTERM
keepalive = 5
worker_tmp_dir = _MEMORY if os.path.isdir(_MEMORY) else None  # a slow disk must not look like a hung worker

accesslog = None  # addresses and times of people who ask for help are not ours to keep
control_socket_disable = True
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "")  # trust no proxy header unless told whose
limit_request_line = 4094


def post_worker_init(worker):
    """Say where the demo is, once the first worker has the portal loaded and takes requests."""
    where = worker.sockets[0].getsockname()
    if worker.age == 1 and os.environ.get("PORTAL_DEMO") == "1" and not isinstance(where, str):  # a socket's file
        host, port = where[:2]
        print(f"\nCatatan Kader siap di http://{host}:{port}/ (berhenti: Ctrl-C)"
              f"\nCatatan Kader is ready at http://{host}:{port}/ (stop: Ctrl-C)\n", flush=True)
