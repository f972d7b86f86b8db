"""Play every scenario of a canary in full, and print a table for docs/rollouts.md.

    make rollouts                        # all
    python -m tests.rollouts fails slow  # those whose name has one of the words

Exit code 1 where one ends as it should not. Nothing of it stays, and nothing leaves this machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.checkout import IDENTITY
from tests.origin import make_origin
from tests.rollouts.scenario import Result, Scenario, Size, play
from tests.rollouts.scenarios import scenarios

FULL = Size(
    "{ canary: { header: X-User, ceiling_s: 150 } }",
    users=20_000,
    per_second=400,
    budget=400,
)
# What is healthy goes the whole way: through both, to all clients, and back.
WHOLE = replace(
    FULL,
    rollout="{ shadow: {}, canary: { header: X-User, ceiling_s: 150 } }",
    requests=50_000,
    rows=True,
)
COLUMNS = (
    "scenario", "end", "s", "requests", "lost", "users who met it", "users sent back",
    "verdict to share 0, s",
)  # fmt: skip


def main(words: list[str]) -> int:
    """The number of scenarios that ended as they should not, at most 1."""
    os.environ |= IDENTITY
    wrong = 0
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    for scenario in scenarios(slow=0.3, fails=0.02):
        if words and not any(word in scenario.name for word in words):
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_DATA_HOME"] = f"{folder}/keys"
            size = WHOLE if scenario.rolls_back else FULL
            result = play(scenario, size, make_origin(Path(folder)))
        print(line(scenario, result), flush=True)
        print(f"{scenario.name}: {result.events}: {result.why}", file=sys.stderr, flush=True)
        wrong |= result.state not in scenario.ends
    return wrong


def line(scenario: Scenario, result: Result) -> str:
    """A row of the table."""
    zero = "" if result.verdict_to_zero is None else f"{result.verdict_to_zero:.2f}"
    cells = (
        scenario.name, result.state, f"{result.seconds:.0f}", f"{result.requests:,}",
        str(len(result.lost)), f"{result.share_met:.1%}", str(result.moved), zero,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
