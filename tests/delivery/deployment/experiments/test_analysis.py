"""What is known of an experiment at a moment."""

from __future__ import annotations

from delivery.deployment.experiments.analysis import Analyst, settings_of, split_of
from tests.delivery.deployment.experiments.lab import LONG, Lab
from tests.delivery.deployment.production import ONE, TWO


def test_it_goes_by_the_settings_of_its_beginning(made: Lab) -> None:
    now = made.begin()
    text = (made.origin.path / "delivery.yaml").read_text(encoding="utf-8")
    made.origin.push({"delivery.yaml": text.replace("smallest: 0.3", "smallest: 0.9")}, "Move")
    assert settings_of(now).smallest == 0.3
    split = split_of(now)
    assert (split.champion, split.candidate, split.share) == (ONE, TWO, 50)
    assert split.attempt == now.salt


def test_users_are_counted_by_release_and_by_what_is_known_of_them(made: Lab) -> None:
    now = made.begin(day=LONG)
    made.serve(now, (0.5, 0.5), users=200)
    lines = (made.world.root / "told.jsonl").read_text(encoding="utf-8").splitlines()
    (made.world.root / "told.jsonl").write_text("\n".join(lines[:100]), encoding="utf-8")
    found = Analyst(made.world, made.place.target, now).analyse()
    assert (found.entities, found.ripe) == ((100, 100), (100, 100))
    assert sum(found.known) == 100
    assert found.conclusion() is None
    assert not found.over


def test_time_runs_out_by_the_clock_where_nobody_comes(made: Lab) -> None:
    now = made.begin(day=LONG)
    analyst = Analyst(made.world, made.place.target, now)
    assert analyst.analyse(now.begun + 55 * LONG).conclusion() is None
    ended = analyst.analyse(now.begun + 57 * LONG).conclusion()
    assert ended is not None
    assert ended.result == "undecided"
