"""More people than can be served, who look at lists without a pause: python -m tests.support.crowd PORT MANY COOKIE
PATH…; prints how often each status came, as JSON, once standard input ends."""

import http.client
import json
import sys
import threading
from collections import Counter


def look(port: int, cookie: str, path: str, stop: threading.Event, seen: Counter[int]) -> None:
    """Ask for one page again and again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not stop.is_set():
        try:
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            answer.read()
            seen[answer.status] += 1
        except (OSError, http.client.HTTPException):
            seen[0] += 1
            connection.close()


def main(port: int, many: int, cookie: str, paths: list[str]) -> None:
    stop, counts = threading.Event(), [Counter[int]() for _ in range(many)]
    crowd = [threading.Thread(target=look, args=(port, cookie, paths[number % len(paths)], stop, counts[number]))
             for number in range(many)]
    for one in crowd:
        one.start()
    sys.stdin.read()
    stop.set()
    for one in crowd:
        one.join()
    print(json.dumps(sum(counts, Counter())))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
