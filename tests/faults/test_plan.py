from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.kinds import KINDS
from tests.faults.plan import plan

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.integers(0, 60))
def test_a_seed_gives_the_same_faults_each_time(seed: int, count: int) -> None:
    groups = list(plan(KINDS, count, seed, (1, 2, 5)))
    assert groups == list(plan(KINDS, count, seed, (1, 2, 5)))
    assert len(list(chain(*groups))) == count


@given(SEEDS)
def test_no_two_faults_of_a_group_hit_the_same(seed: int) -> None:
    for group in plan(KINDS, 30, seed, (5,)):
        assert len({fault.victim for fault in group}) == len(group)
