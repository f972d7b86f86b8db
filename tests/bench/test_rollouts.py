"""The simulation of rollouts runs, and writes its page and its plot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.gates.page import BEGIN, END
from bench.rollouts.findings import (
    ANSWERS,
    LIFTS,
    LOOKS,
    SHARES,
    SLOWER,
    USERS,
    Ended,
    Operating,
    Share,
)
from bench.rollouts.page import PAGE, PLOT, section, write
from bench.rollouts.simulation import first_decisions, roll, split_held, stopped, too_slow
from tests.delivery.gates.rollout.traffic import Traffic

DOCS = Path(__file__).resolve().parents[2] / "docs"
SOME = Share(9, 10)


@pytest.fixture
def operating() -> Operating:
    return Operating(
        runs=10,
        rollouts=[Ended("healthy", SOME, Share(0, 10), 14_400, 3_600)],
        stops={"bursts of 2": [SOME] * len(SHARES)},
        exposure={rate: [80.0, 90.0, float("inf")] for rate in (0.01, 0.02, 0.05, 0.2)},
        users={name: [SOME] * len(USERS) for name in ("alike", "unequal")},
        slower={share: [[SOME] * len(ANSWERS)] * len(SLOWER) for share in SHARES},
        looks={name: [0.05] * LOOKS for name in ("fixed interval", "confidence sequence")},
        lifts=[SOME] * len(LIFTS),
        split={"48% sent": SOME},
    )


def test_the_section_is_replaced_and_the_rest_of_the_page_stays(
    tmp_path: Path, operating: Operating
) -> None:
    shutil.copy(DOCS / PAGE, tmp_path / PAGE)
    before = (DOCS / PAGE).read_text(encoding="utf-8")
    write(operating, tmp_path)
    after = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert after.split(BEGIN)[0] == before.split(BEGIN)[0]
    assert after.split(END)[1] == before.split(END)[1]
    assert section(operating) in after
    assert (tmp_path / PLOT).read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_the_headings_on_the_page_are_those_that_the_simulation_writes(
    operating: Operating,
) -> None:
    page = (DOCS / PAGE).read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    kept, made = (
        [line for line in text.splitlines() if line.startswith("#")]
        for text in (page, section(operating))
    )
    assert kept == made


def test_a_rate_makes_requests_a_time(operating: Operating) -> None:
    assert "| healthy | 4.0 h | 24.0 min | 2.4 min |" in section(operating)


def test_a_rollout_of_a_broken_release_is_stopped_in_its_first_step() -> None:
    end = roll(Traffic(candidate=1.0), 0)
    assert end.what == "stop"
    assert end.exposed < 200


def test_what_is_simulated_can_go_either_way() -> None:
    assert stopped(Traffic(candidate=0.1), 4_000, 0.5, 0)
    assert not stopped(Traffic(), 4_000, 0.5, 0)
    assert too_slow(3.0, 0.5, 2_000, 0)
    assert not too_slow(1.0, 0.5, 2_000, 0)
    assert split_held(0, 0.4, 0)
    fixed, sequence, won = first_decisions(0.3, 0)
    assert won
    assert fixed <= sequence < LOOKS
