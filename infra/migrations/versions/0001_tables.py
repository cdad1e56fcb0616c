"""Events, sessions, model usage, messages and tool calls."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As it stands, without looking for placeholders.
    op.get_bind().exec_driver_sql(
        Path(__file__).with_suffix(".sql").read_text("utf-8"), execution_options={"no_parameters": True}
    )
