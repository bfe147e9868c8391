"""What lies in the second archive, and why: without it the first one opens nothing.

A content key that was deleted must be gone from the backups too. So the wraps are backed up apart and for a short
time; the content, kept longer, is then as unreadable as in the portal itself.
"""

TABLES = ("content_keys", "key_grants", "staff_keys")
"""Every wrap by which something sealed could be opened. Nothing refers to these tables."""

KEYS_FILE = "keys.json"
"""The server's key file goes with the wraps: a phone's sign-in, a reporter's mark and a second factor are lost
without it, and the paper key's owner alone can open it there."""

Counts = dict[str, int]
"""How many rows each table has."""


def split(counts: Counts) -> tuple[Counts, Counts]:
    """The counts of the first archive and of the second."""
    return ({table: 0 if table in TABLES else rows for table, rows in counts.items()},
            {table: counts[table] for table in TABLES})
