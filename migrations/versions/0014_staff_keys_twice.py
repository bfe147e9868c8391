"""Officers' own keys are locked once more, under a key of the server. `flask db` does it (cli/database.py): only it has the
server's keys."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE staff_keys RENAME COLUMN locked_private TO twice_locked")


def downgrade() -> None:
    op.execute("ALTER TABLE staff_keys RENAME COLUMN twice_locked TO locked_private")
