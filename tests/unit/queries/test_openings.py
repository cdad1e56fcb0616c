from queries.openings import MOST_CHARACTERS, opening_of


def test_a_session_is_called_by_the_first_words_of_a_person_on_one_line() -> None:
    assert opening_of("[Signal Ada id:9 +1m] Is the\n\ndisk full?\n[message_id: 5]") == "Is the disk full?"
    together = (
        "[Chat messages since your last reply - for context]\n[WhatsApp 1@g.us +1m] Bob: a\n\n"
        "[Current message - respond to this]\n[WhatsApp 1@g.us +1m] Ada (+15551234): b"
    )
    assert opening_of(together) == "b"


def test_a_long_one_is_cut_between_two_words() -> None:
    opening = opening_of("word " * 100)
    assert opening.endswith("word…")
    assert len(opening) <= MOST_CHARACTERS + 1
