"""Figures over all messages and tool calls come from sums of quarters of an hour, and from their indexes."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As it stands, without looking for placeholders.
    op.get_bind().exec_driver_sql(
        Path(__file__).with_suffix(".sql").read_text("utf-8"), execution_options={"no_parameters": True}
    )
