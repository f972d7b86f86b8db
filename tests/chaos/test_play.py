"""A run ends right, or it names the seed and the fault and keeps what it left."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from delivery.demo.traffic import Tally
from tests.chaos import __main__ as chaos
from tests.chaos import play
from tests.chaos.disk import BALLAST, disk
from tests.chaos.faults import Fault
from tests.chaos.ledger import Change, Ledger
from tests.chaos.play import BrokenError, Play
from tests.chaos.table import Table
from tests.checkout import shared_folder
from tests.delivery.standin import halves, standin
from tests.origin import ROOT

SECONDS = "20"
SEED = "6344"  # first the router, the state and a deployment, as far as a busy machine comes


@pytest.mark.e2e
def test_a_short_run_ends_right(tmp_path_factory: pytest.TempPathFactory) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--seconds", SECONDS, "--seed", SEED]
    bench = ("--bench", str(shared_folder(tmp_path_factory)))
    done = subprocess.run([*command, *bench], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"seed {SEED}, {SECONDS} s\n")
    rows = re.findall(r"^\| (\w[\w ]+?) +\| 1 .*\| right +\|$", done.stdout, re.MULTILINE)
    assert "kill the router" in rows


@dataclass(frozen=True)
class Calm:
    """A world in which something answers and nothing has to settle."""

    url: str
    bodies: tuple[bytes, ...] = (b'{"instances": [{}]}',)

    @property
    def target(self) -> SimpleNamespace:
        return SimpleNamespace(router=SimpleNamespace(url=self.url))

    def settle(self) -> None:
        pass

    def ever_verified(self) -> set[str]:
        return {"r-000000000001"}  # as `halves` says


@pytest.fixture
def calm() -> Iterator[Calm]:
    with standin(halves) as url:
        yield Calm(url)


def nothing(*_: object) -> None:
    pass


def run(world: Calm, fault: Fault) -> Table:
    table = Table()
    Play(world, [fault], Random(0), nothing).run(0.0, table)
    return table


def test_a_fault_that_does_no_harm_is_a_row(calm: Calm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "INVARIANTS", (nothing,))
    row = run(calm, Fault("look", nothing)).row("look")
    assert (row.times, row.lost, row.end) == (1, 0, "right")
    assert row.requests > 20


def test_what_does_not_hold_any_more_is_named_with_its_fault(
    calm: Calm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grass_is_green(_: object) -> None:
        raise AssertionError("it is grey")

    monkeypatch.setattr(play, "INVARIANTS", (grass_is_green,))
    with pytest.raises(BrokenError, match="paint: grass_is_green: it is grey"):
        run(calm, Fault("paint", nothing))


def test_what_answers_and_was_never_verified_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "INVARIANTS", ())
    with (
        standin(lambda _: (200, {"release": "r-2"})) as url,
        pytest.raises(BrokenError, match=r"r-2.*never verified"),
    ):
        run(Calm(url), Fault("slip in", nothing))


@pytest.mark.parametrize("outage", [False, True])
def test_lost_requests_are_allowed_where_nothing_is_left_to_answer(
    monkeypatch: pytest.MonkeyPatch, outage: bool
) -> None:
    monkeypatch.setattr(play, "INVARIANTS", ())
    turns: Iterator[tuple[int, dict]] = iter([(503, {})])
    with standin(lambda rows: next(turns, halves(rows))) as url:
        fault = Fault("drop one", nothing, outage=outage)
        if outage:
            assert run(Calm(url), fault).row("drop one").lost == 1
        else:
            with pytest.raises(BrokenError, match="drop one: 1 lost: status 503"):
                run(Calm(url), fault)


def test_a_broken_run_exits_with_1_and_keeps_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(options: object, folder: Path, table: Table) -> None:
        table.row("lose origin").add(Tally(), right=False)
        raise BrokenError("lose origin: nobody answers")

    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["chaos", "--seed", "3"])
    monkeypatch.setattr(chaos, "play", broken)
    monkeypatch.setattr("signal.signal", nothing)
    assert chaos.main() == 1
    shown = capsys.readouterr().out
    assert shown.startswith("seed 3, 120 s\n")
    assert "broken with seed 3 by lose origin: nobody answers" in shown
    assert re.search(r"\| lose origin \| 1 .*\| WRONG ", shown)
    (kept,) = tmp_path.iterdir()
    assert f"kept: {kept}" in shown


def test_a_row_sums_up_and_stays_wrong() -> None:
    table = Table()
    for lost, right in ((1, False), (2, True)):
        table.row("kill").add(Tally(requests=1000, failures=lost, max_gap=lost / 4), right=right)
    assert str(table).splitlines()[2] == (
        "| kill  | 2     | 2,000    | 3    | 500             | WRONG     |"
    )


def test_what_a_killed_command_left_is_compared_as_a_change() -> None:
    before = Ledger(("verified",), {1: "merged", 2: "open"}, frozenset("a"), frozenset(), 3)
    after = Ledger(
        ("verified", "revoked-1"), {1: "merged", 2: "merged"}, frozenset(), frozenset("x"), 4
    )
    assert after.since(before) == Change(("revoked-1",), ("merged",), -1, 1, 1)


def test_a_full_disk_takes_nothing_until_the_block_ends(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as place:
        if not place.small:
            pytest.skip("mounting a tmpfs is not permitted here")
        with place.full(), pytest.raises(OSError, match="No space left"):
            (place.folder / "more").write_text("x" * 10_000)
        (place.folder / "more").write_text("x" * 10_000)
        assert not (place.folder / BALLAST).exists()
    assert (tmp_path / "disk" / "more").is_file()


def test_make_passes_time_and_seed_on() -> None:
    for given, options in (
        (["SECONDS=9", "SEED=7"], "--seconds 9 --seed 7"),
        ([], "--seconds 120"),
    ):
        command = ["make", "--no-print-directory", "--dry-run", "chaos", *given]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert shown.rstrip().endswith(f"python -m tests.chaos {options}")
