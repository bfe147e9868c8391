"""What the process itself says: one line of JSON a record on standard error, timed in UTC. No address, no name,
and no traceback, because the texts of faults quote people."""

import json
import logging
from datetime import UTC, datetime


class Lines(logging.Formatter):
    """A record as one line that machines can read; whatever stands in it cannot begin another line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {"at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname, "from": record.name, "said": record.getMessage()}
        return json.dumps(said, ensure_ascii=True)


def begin() -> None:
    """Let everything be said so, once for the process. Where somebody else has set up logging, that stays."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
