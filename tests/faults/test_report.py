from __future__ import annotations

from tests.faults.kinds import BY_NAME
from tests.faults.plan import Fault
from tests.faults.report import figures, page
from tests.faults.run import Recovered, Results

CUT = Fault(BY_NAME["network cut"], "kafka", 1.0)
KILLED = Fault(BY_NAME["worker killed"], "streams", 0.0)


def test_what_a_kind_takes_alone_and_what_its_groups_take_are_told_apart() -> None:
    results = Results(groups=[Recovered([CUT], 2.0), Recovered([CUT], 4.0), Recovered([CUT, KILLED], 9.0)])
    found = figures(results, seed=1, planned=10)
    assert found["faults"] == 4
    assert found["kinds"]["network cut"]["alone_s"] == {"count": 2, "median": 3.0, "max": 4.0}
    assert found["kinds"]["network cut"]["in_groups_s"] == {"count": 1, "median": 9.0, "max": 9.0}
    assert found["kinds"]["worker killed"]["alone_s"] is None


def test_the_page_says_how_many_faults_there_were_and_what_was_left_out() -> None:
    found = figures(Results(groups=[Recovered([KILLED], 9.0)]), seed=1, planned=500)
    machine = {"cores": 2, "processor": "processor", "load_before": 0.5}
    text = page({"machine": machine, **found, "left_out": ["clock jumped: there is no libfaketime"]})
    assert "1 faults of 500 planned" in text
    assert "Left out: clock jumped" in text
    assert "| worker killed | 1 | 9.0 | 9.0 | – | – |" in text
