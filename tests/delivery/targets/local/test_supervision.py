"""There is one supervisor of a workspace, and others know what it does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from delivery.errors import HeldError
from delivery.targets.local.supervision import LATE, Report, Supervision
from tests.delivery.running import eventually


@pytest.fixture
def supervision(tmp_path: Path) -> Supervision:
    return Supervision(tmp_path)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (Report(), "supervised, nothing restarted"),
        (Report(1), "supervised, restarted 1 time"),
        (Report(2), "supervised, restarted 2 times"),
        (Report(0, "r-one fails"), "supervised, nothing restarted; r-one fails"),
    ],
)
def test_what_it_did_is_told_in_words(supervision: Supervision, report: Report, words: str) -> None:
    with supervision.held():
        supervision.write({"staging": report})
        assert supervision.describe("staging") == words
        assert supervision.describe("production") == "not supervised"
    assert supervision.describe("staging") == "not supervised"


def test_a_second_one_is_told_who_the_first_is(supervision: Supervision) -> None:
    with supervision.held():
        supervision.write({"staging": Report()})
        with (
            pytest.raises(HeldError, match=rf"process {os.getpid()}\).*delivery status"),
            Supervision(supervision.workspace).held(),
        ):
            pass
        assert supervision.describe("staging") == "supervised, nothing restarted"


def test_a_file_that_was_deleted_under_it_is_written_again(supervision: Supervision) -> None:
    with supervision.held():
        supervision.write({"staging": Report(1)})
        shutil.rmtree(supervision.workspace / "supervisor")
        supervision.looked({"staging": Report(1)})
        assert supervision.describe("staging") == "supervised, restarted 1 time"


def test_one_that_was_killed_supervises_nothing(supervision: Supervision) -> None:
    code = (
        "import sys, threading; from pathlib import Path\n"
        "from delivery.targets.local.supervision import Report, Supervision\n"
        "supervision = Supervision(Path(sys.argv[1]))\n"
        "with supervision.held():\n"
        "    supervision.write({'staging': Report(3)})\n"
        "    print('up', flush=True); threading.Event().wait(60)"
    )
    command = [sys.executable, "-c", code, str(supervision.workspace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline().strip() == "up"
        assert supervision.describe("staging") == "supervised, restarted 3 times"
        killed.kill()
    eventually(lambda: supervision.describe("staging") == "not supervised")
    with supervision.held():
        pass


def test_one_that_does_not_look_any_more_shows(supervision: Supervision) -> None:
    with supervision.held():
        supervision.write({"staging": Report()})
        before = time.time() - LATE - 60
        os.utime(supervision.process.file, (before, before))
        assert f"process {os.getpid()} looked last 9" in supervision.describe("staging")
        supervision.looked({})
        assert supervision.describe("staging") == "supervised, nothing restarted"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"environments": 7}'])
def test_a_damaged_file_supervises_nothing(supervision: Supervision, content: str) -> None:
    supervision.process.file.parent.mkdir()
    supervision.process.file.write_text(content)
    assert supervision.describe("staging") == "not supervised"
