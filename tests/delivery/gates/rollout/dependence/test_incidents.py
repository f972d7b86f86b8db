"""What counts as an incident, and whose it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.rollout.dependence.incidents import (
    QUIET,
    breaks_down,
    first_of_entities,
    incidents,
)
from delivery.gates.rollout.observations.samples import EMPTY, Samples, concatenated
from tests.delivery.gates.rollout.traffic import Traffic


def log(arms: str, *, step: float = 1.0, entities: list[str] | None = None) -> Samples:
    """A letter a request: c and h for candidate and champion, capital where it failed."""
    size = len(arms)
    return Samples(
        at=1_000 + step * np.arange(size),
        step=np.zeros(size),
        candidate=[letter in "cC" for letter in arms],
        share=np.full(size, 0.5),
        entity=entities or [""] * size,
        cause=["502" if letter.isupper() else "" for letter in arms],
        seconds=np.full(size, 0.01),
        rows=np.ones(size),
    )


def owners(samples: Samples) -> str:
    return "".join("C" if own else "H" for own in incidents(samples, "attempt").candidate)


def test_an_error_after_a_quiet_time_is_an_incident() -> None:
    assert owners(log("chchCchchcHch")) == "CH"


def test_errors_that_go_on_are_one_incident() -> None:
    assert owners(log("hhhhHHHHHHHHhhhhc")) == "H"
    assert owners(log("hhhhHhHhhHhHHhhhc")) == "H"


def test_an_arm_has_to_be_quiet_by_its_own_requests() -> None:
    """At a small share the candidate's next request comes late and is its next one."""
    assert owners(log("cccc" + "Chhhhhhh" * 4 + "cccc")) == "C"


def test_an_outage_of_both_blames_nobody_twice() -> None:
    assert owners(log("hchch" + "HHHHCHHHHHCHHHH" + "hhhhc")) == "H"


def test_an_incident_in_the_newest_second_waits_until_it_is_over() -> None:
    samples = log("hhhhhhC")
    assert owners(samples) == ""
    assert owners(log("hhhhhhCh")) == "C"


def test_of_an_entity_the_first_error_of_the_attempt_counts_alone() -> None:
    arms, names = "ccccCccccCccccCh", ["x"] * 9 + ["x"] + ["x"] * 4 + ["y", "z"]
    assert owners(log(arms, entities=names)) == "CC"
    assert first_of_entities(log("ccc", entities=["x", "", ""])).tolist() == [True, True, True]


def test_who_owns_an_incident_is_drawn_evenly_and_again_the_same() -> None:
    """19 of 20 errors in each second are the champion's."""
    burst, later = log("hhhh" + "H" * 19 + "C" + "hhhhc", step=0.001), log("h")
    later = replace(later, at=later.at + 5)
    samples = concatenated([burst, later])
    names = [f"attempt {number}" for number in range(400)]
    drawn = Counter(bool(incidents(samples, name).candidate[0]) for name in names)
    assert drawn[True] == pytest.approx(20, abs=15)
    assert drawn == Counter(bool(incidents(samples, name).candidate[0]) for name in names)


def test_nothing_has_no_incidents() -> None:
    assert len(incidents(EMPTY, "attempt")) == 0
    assert owners(log("hchchch")) == ""


def test_more_samples_do_not_change_what_was_drawn() -> None:
    samples = Traffic(champion=0.02, candidate=0.02, rate=50).requests(
        np.random.default_rng(3), 4_000
    )
    whole = incidents(samples, "a")
    for size in (1_000, 2_500):
        part = incidents(samples[:size], "a")
        assert part.at.tolist() == whole.at[: len(part)].tolist()


@pytest.mark.parametrize(
    ("arms", "broken"),
    [
        ("h" * 10 + "Ch" * 50, True),  # all fail
        ("h" * 10 + "Chch" * 50, True),  # every other one
        ("h" * 10 + "Chchch" * 50, False),  # a third: that is for the statistics
        ("CH" * 60, False),  # so does the champion
        ("C" * 60, False),  # the champion was not asked
        ("h" * 10 + "Ch" * 49, False),
    ],
)
def test_a_breakdown_is_the_candidates_alone(arms: str, broken: bool) -> None:
    assert breaks_down(log(arms), 50) is broken


def test_an_outage_of_both_right_after_a_step_is_no_breakdown() -> None:
    """The small share before it, where the champion answered much in the same number of the
    candidate's requests, says nothing of the larger one."""
    small, large = log(("c" + "h" * 19) * 200), log("CHHH" * 100)
    both = concatenated([small, replace(large, at=large.at + 10_000, step=large.step + 1)])
    assert not breaks_down(both, 50)
    alone = log("Chhh" * 50)
    broken = replace(alone, at=alone.at + 10_000, step=alone.step + 1)
    assert breaks_down(concatenated([small, broken]), 50)


def test_a_breakdown_that_is_over_was_one() -> None:
    assert breaks_down(log("ch" * 200 + "Ch" * 50 + "ch" * 500), 50)


def test_quiet_is_short_enough_for_frequent_errors() -> None:
    """At an error rate of 20% half of the errors still count."""
    assert 0.8**QUIET > 0.5
