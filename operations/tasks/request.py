"""What can be asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# A reader chooses a page of letters at most; all of a group are redriven by its name.
MOST_LETTERS = 1_000
LetterKey = Annotated[str, Field(min_length=1, max_length=1_024, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VerifyRequest(_Request):
    """Proves that every store holds what the log says."""

    kind: Literal["verify"]
    full: bool = Field(False, description="Read the whole log and all stores again.")
    repair: bool = Field(False, description="Send again what a store lacks, then verify again.")


class RebuildRequest(_Request):
    """Makes a store anew from all events, or lets another model's vectors serve."""

    kind: Literal["rebuild"]
    what: Literal["postgres", "opensearch", "streams", "embeddings"] = Field(
        description="What is made anew.", examples=["opensearch"]
    )
    again: bool = Field(
        False, description="Embed all messages again, where a store has lost their vectors; for embeddings alone."
    )
    keep_old: bool = Field(False, description="Leave the old store beside the new one; not for streams.")
    accept_gaps: bool = Field(False, description="Go on where neither archive nor log has some events.")


class LettersRequest(_Request):
    """Does something about records that were set aside."""

    kind: Literal["redrive", "discard"] = Field(
        description="redrive: give them once more to the group that refused them. discard: give them up for good."
    )
    keys: list[LetterKey] = Field(
        min_length=1,
        max_length=MOST_LETTERS,
        description="Keys of the letters.",
        examples=[["sessiontrack.postgres/1"]],
    )


TaskRequest = Annotated[VerifyRequest | RebuildRequest | LettersRequest, Field(discriminator="kind")]
