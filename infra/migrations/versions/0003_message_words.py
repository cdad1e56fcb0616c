"""Messages are found by their words in PostgreSQL as well, for the time that OpenSearch is away."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As it stands, without looking for placeholders.
    op.get_bind().exec_driver_sql(
        Path(__file__).with_suffix(".sql").read_text("utf-8"), execution_options={"no_parameters": True}
    )
