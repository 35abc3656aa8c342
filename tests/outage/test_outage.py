"""The outage of October 2025 and sequences like it: a plain store loses the endpoint, Holdfast does not (I1 to I6)."""

import pytest
import sequence
import verdict
from variants import BULK, VARIANTS


def came_of(variant, target, seed, locks=False):
    with sequence.Run(target, seed, locks=locks, bulk=BULK.get(variant, 0)) as run:
        return VARIANTS[variant](run)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_plain_store_is_harmed(variant, seed):
    came = came_of(variant, "plain", seed)
    assert verdict.faults(variant, came) == [], f"replay with --seed {seed}: {came}"


def test_a_plain_store_is_harmed_although_every_write_holds_a_lock(seed):
    came = came_of("published", "plain", seed, locks=True)
    assert verdict.faults("published-with-locks", came) == [], f"replay with --seed {seed}: {came}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_holdfast_answers_on_and_refuses_what_is_late_or_empty(variant, seed):
    came = came_of(variant, "holdfast", seed)
    assert verdict.faults(variant, came) == [], f"replay with --seed {seed}: {came}"
