from pathlib import Path

from infra.stack.process import ProcessRecord
from infra.stack.state import StackState, load_state, new_stack_id


def test_ports_and_passwords_are_chosen_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = StackState(object_store="minio")
    state.complete(["kafka"], ["s3"])
    state.processes["kafka"] = ProcessRecord(name="kafka", pid=1, started=2.5, log=tmp_path / "log")
    state.save(path)
    again = load_state(path)
    assert again == state
    again.complete(["kafka", "postgres"], ["s3", "postgres"])
    assert again.ports["kafka"] == state.ports["kafka"] != again.ports["postgres"]
    assert again.secrets["s3"] == state.secrets["s3"] != again.secrets["postgres"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_there_is_no_state_before_the_first_start(tmp_path: Path) -> None:
    assert load_state(tmp_path / "state.json") is None


def test_stack_id_is_a_kafka_cluster_id() -> None:
    # Kafka's Uuid: 16 bytes as URL-safe Base64 without padding, never with a dash in front.
    for _ in range(200):
        stack_id = new_stack_id()
        assert len(stack_id) == 22
        assert not stack_id.startswith("-")
