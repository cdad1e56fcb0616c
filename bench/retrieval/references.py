"""What people call by a number or a name of its own: tickets, parcels, machines. Templates for `conversations.py`.

Hundreds of them are spoken of in the same words, and who looks for one of them knows what it is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Reference:
    """A kind of thing with a name of its own.

    Attributes:
        pattern: Its name; `#` is a digit, `@` a letter.
        details: What differs from one to the other.
        exchange: How it is spoken of: turns as `who: text`; `!` marks the turn that answers.
        question: How it is asked for.
    """

    pattern: str
    details: tuple[str, ...]
    exchange: tuple[str, ...]
    question: str

    def name(self, random: Random) -> str:
        """A name that such a thing may have."""
        chosen = {"#": "0123456789", "@": "abcdefghjkmnpqrstvwxz"}
        return "".join(random.choice(chosen[each]) if each in chosen else each for each in self.pattern)


REFERENCES = (
    Reference(
        "INC-####",
        ("the mailer drops attachments", "logins time out", "the export is cut off", "totals are off by a cent"),
        ("s!: {x} is open again: {y}, at least since {when}.", "o: That one never dies, does it?"),
        "What was the trouble in {x}?",
    ),
    Reference(
        "#@###@##",
        ("the neighbour has it", "it waits at the post office", "it was sent back", "they left it in the shed"),
        ("o: Any news of the parcel?", "s!: Tracking number {x}? {y}, it says."),
        "What became of parcel {x}?",
    ),
    Reference(
        "srv-@@@##",
        ("the disk is full", "it needs a new certificate", "its clock is wrong", "backups fail there"),
        ("s!: I looked at {x} {when}: {y}.", "o: I thought that was done."),
        "What is the matter with {x}?",
    ),
    Reference(
        "PR ####",
        ("it lacks tests", "it can go in", "somebody has to rebase it", "the migration is wrong"),
        ("o: What of the reviews?", "s!: Only {x} is left: {y}.", "o: Fine."),
        "What did the review of {x} say?",
    ),
    Reference(
        "@@ ####",
        ("two hours late", "moved to the evening", "on time for once", "cancelled, we rebook"),
        ("s!: The flight, {x}, is {y}.", "o: Text me when you land."),
        "Was flight {x} on time?",
    ),
    Reference(
        "R#-@@##",
        ("paid {when}", "still unpaid", "with the wrong address", "booked twice"),
        ("o: Did the accountant call?", "s!: Yes, about invoice {x}. It is {y}."),
        "Has invoice {x} been paid?",
    ),
)
