"""What somebody who owns the whole database can do to the trail. Each changes it as well as can be done by hand;
the triggers are taken away first, as an owner can."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, text, update
from sqlalchemy import delete as delete_from
from sqlalchemy import insert as insert_into

from portal.accounts.models import Account
from portal.audit import chain
from portal.audit.models import AuditEntry, AuditLink
from portal.base.db import engine_for, session_for

_SQLITE = ("audit_entries_no_update", "audit_entries_no_delete", "audit_entries_no_replace", "audit_links_no_update",
           "audit_links_no_delete", "audit_links_no_replace")


def tamper(url: str, how: Callable[[Connection], None]) -> None:
    """Do it, in a transaction of its own."""
    engine = engine_for(url)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            for table in ("audit_entries", "audit_links"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            for trigger in _SQLITE:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        how(connection)
    engine.dispose()


def altered(column: str) -> Callable[[Connection], None]:
    """Another value in this column of one entry in the middle, and nothing else changed."""
    def alter(connection: Connection) -> None:
        entries = AuditEntry.__table__
        row = dict(connection.execute(select(entries).where(entries.c.id == _middle(connection))).mappings().one())
        new = row | {column: _another(connection, column, row[column])}
        if column == "id":
            connection.execute(insert_into(entries), new)
            connection.execute(update(AuditLink).where(AuditLink.entry_id == row["id"]).values(entry_id=new["id"]))
            connection.execute(delete_from(entries).where(entries.c.id == row["id"]))
        else:
            connection.execute(update(entries).where(entries.c.id == row["id"]).values({column: new[column]}))

    alter.__name__ = f"alter_{column}"
    return alter


ALTERATIONS = tuple(altered(column.name) for column in AuditEntry.__table__.columns)
"""Every column of an entry in turn, as the model has them: a new one is among them by itself."""
alter = altered("action")


def delete(connection: Connection) -> None:
    """One entry away with its link, and those behind it moved up, so that no number is missing."""
    _remove(connection, _middle(connection))


def insert(connection: Connection) -> None:
    """An entry that never was, linked in the middle; those behind it move down."""
    middle, new = _middle(connection), 10**9
    connection.execute(text("INSERT INTO audit_entries (id, at, actor_id, action, subject, reason, amount) "
                            "SELECT :new, at, actor_id, action, 'invented', reason, amount FROM audit_entries "
                            "WHERE id = :middle"), {"new": new, "middle": middle})
    seq = _seq_of(connection, middle)
    _move(connection, seq, 1)
    entry = _entry(connection, new)
    before = connection.scalar(text("SELECT hash FROM audit_links WHERE seq = :seq"), {"seq": seq - 1})
    _put(connection, seq, new, chain.link_hash(bytes(before), entry))


def reorder(connection: Connection) -> None:
    """Two neighbours change places."""
    middle = _middle(connection)
    seq = _seq_of(connection, middle)
    other = connection.scalar(text("SELECT entry_id FROM audit_links WHERE seq = :seq"), {"seq": seq + 1})
    for entry_id, new in ((middle, -1), (other, seq), (middle, seq + 1)):
        connection.execute(text("UPDATE audit_links SET seq = :to WHERE entry_id = :id"), {"to": new, "id": entry_id})


def cut_tail(connection: Connection) -> None:
    """The last three entries away, as if they had never been."""
    for entry_id in connection.scalars(text("SELECT entry_id FROM audit_links ORDER BY seq DESC LIMIT 3")).all():
        _remove(connection, entry_id)


def regrow(connection: Connection) -> None:
    """One altered, and the whole chain computed anew: in itself it is without fault."""
    alter(connection)
    entries = connection.scalars(text("SELECT entry_id FROM audit_links ORDER BY seq")).all()
    connection.execute(text("DELETE FROM audit_links"))
    before = chain.BEGINNING
    for seq, entry_id in enumerate(entries, 1):
        before = chain.link_hash(before, _entry(connection, entry_id))
        _put(connection, seq, entry_id, before)


WAYS = (*ALTERATIONS, delete, insert, reorder, cut_tail, regrow)
NOT_SEEN_WITHOUT_ANCHORS = {cut_tail, regrow}


def _middle(connection: Connection) -> int:
    count = connection.scalar(text("SELECT count(*) FROM audit_links"))
    return connection.scalar(text("SELECT entry_id FROM audit_links WHERE seq = :seq"), {"seq": count // 2})


def _another(connection: Connection, column: str, value: Any) -> Any:
    """A value that could have stood there as well."""
    if column == "id":
        return 10**9
    if column == "actor_id":
        return connection.scalar(select(Account.id).where(Account.id.is_distinct_from(value)).limit(1))
    return {int: lambda: value + 1, str: lambda: f"{value[:-1]}~"}.get(
        type(value), lambda: value + timedelta(microseconds=1))()


def _seq_of(connection: Connection, entry_id: int) -> int:
    return connection.scalar(text("SELECT seq FROM audit_links WHERE entry_id = :id"), {"id": entry_id})


def _remove(connection: Connection, entry_id: int) -> None:
    seq = _seq_of(connection, entry_id)
    connection.execute(text("DELETE FROM audit_links WHERE entry_id = :id"), {"id": entry_id})
    connection.execute(text("DELETE FROM audit_entries WHERE id = :id"), {"id": entry_id})
    _move(connection, seq + 1, -1)


def _move(connection: Connection, first: int, by: int) -> None:
    """Renumber the links from `first` on, one by one, in the order in which no two ever share a number."""
    order = "DESC" if by > 0 else "ASC"
    for seq in connection.scalars(text(f"SELECT seq FROM audit_links WHERE seq >= :first ORDER BY seq {order}"),  # noqa: S608
                                  {"first": first}).all():
        connection.execute(text("UPDATE audit_links SET seq = :new WHERE seq = :seq"), {"new": seq + by, "seq": seq})


def _put(connection: Connection, seq: int, entry_id: int, hash_: bytes) -> None:
    connection.execute(text("INSERT INTO audit_links (seq, entry_id, hash) VALUES (:seq, :id, :hash)"),
                       {"seq": seq, "id": entry_id, "hash": hash_})


def _entry(connection: Connection, entry_id: int) -> AuditEntry:
    with session_for(connection) as session:
        return session.get_one(AuditEntry, entry_id)
