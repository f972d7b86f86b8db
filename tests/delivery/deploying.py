"""`delivery deploy production` as a process of its own, which waits where its gates judge."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.delivery.machine import Machine, machine
from tests.delivery.place import judgement
from tests.delivery.running import fake_bento
from tests.origin import ROOT, Origin

ENV, ONE, TWO = "production", "r-111111111111", "r-222222222222"
CODE = """
import sys
from pathlib import Path
from delivery.bento import server
from delivery.cli import deploy as command
from delivery.cli.main import main
from delivery.deployment import active
from tests.delivery.machine import Machine
from tests.delivery.place import judgement

python, root = (Path(path) for path in sys.argv[1:])


def judge(*_, **__):
    print("judging", flush=True)
    sys.stdin.readline()
    return judgement("pass")()


server.environment = lambda *_: python
active.judge_live = judge
command.context = lambda: Machine(root, lambda _: None)
sys.argv = ["delivery", "deploy", "production"]
sys.exit(main())
"""


@contextmanager
def production(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """ONE is verified in production and really has the traffic; main wants TWO."""
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement("pass"))
    with machine(origin, monkeypatch) as made:
        origin.happened(ENV, origin.promote(ENV, ONE), "verified", ONE)
        origin.promote(ENV, TWO, ONE)
        fake_bento(made.bento(made.snapshot(), TWO))
        made.settle(ENV, ONE)
        yield made


@dataclass(frozen=True)
class Deploying:
    """The process. `go_on` lets its gates pass, and gives its exit code and what it said."""

    process: subprocess.Popen[str]

    def go_on(self) -> tuple[int, str]:
        _, said = self.process.communicate("\n", timeout=120)
        return self.process.returncode, " ".join(said.split())


@contextmanager
def deploying(origin: Origin) -> Iterator[Deploying]:
    """From the moment when TWO runs without traffic and is judged."""
    python = origin.path.parent / "python" / "bin" / "python"
    with subprocess.Popen(
        [sys.executable, "-c", CODE, str(python), str(origin.path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "judging\n"
            yield Deploying(process)
        finally:
            process.kill()
