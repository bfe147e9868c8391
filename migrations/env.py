"""How Alembic reaches the tables. The connection comes from `flask db`, never from a setting here."""

from alembic import context

from portal.accounts import models as _accounts  # noqa: F401
from portal.areas import models as _areas  # noqa: F401
from portal.audit import models as _audit  # noqa: F401
from portal.base.db import Base, UTCDateTime
from portal.casework import models as _casework  # noqa: F401
from portal.flags import models as _flags  # noqa: F401
from portal.outreach import models as _outreach  # noqa: F401


def _plain_types(kind: str, item: object, _context: object) -> str | bool:
    """A migration names the database's own types: ours may change after it was written."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_plain_types,
)
with context.begin_transaction():
    context.run_migrations()
