"""Break a running delivery at random, and see that it comes back as promised.

    make chaos SECONDS=600 SEED=7

Exit code 1 where an invariant does not hold; the seed and the fault are named then, and the folder
is kept.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.play import BrokenError, Play
from tests.chaos.stage import world
from tests.chaos.table import Table
from tests.chaos.world import HOME
from tests.checkout import IDENTITY
from tests.delivery.bentos import Bench
from tests.ports import free_offset

KEYS = ("DELIVERY_SIGNING_KEY", "DELIVERY_EVENT_KEY", "DELIVERY_WORKSPACE")
NAMES = tuple(fault.name for fault in FAULTS)


def settle_in(folder: Path) -> None:
    """Nothing of the person who runs this: keys, settings of git, temporary files."""
    (folder / "tmp").mkdir()
    for name in KEYS:
        os.environ.pop(name, None)
    os.environ |= IDENTITY | {
        HOME: str(folder),
        "XDG_DATA_HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "DELIVERY_PORT_OFFSET": free_offset(),
    }
    tempfile.tempdir = None


def chosen(names: list[str]) -> list[Fault]:
    return [fault for fault in FAULTS if fault.name in (names or NAMES)]


def play(options: argparse.Namespace, folder: Path, table: Table) -> None:
    """Raises BrokenError."""
    bench = Bench(options.bench or folder / "bench")
    with world(folder, bench) as made:
        faults = chosen(options.faults)
        if not made.disk.small:
            print("no small disk can be mounted here, so none is filled")
            faults = [fault for fault in faults if fault.name != "fill the disk"]
        Play(made, faults, random.Random(options.seed), say).run(options.seconds, table)


def say(line: str) -> None:
    print(f"· {line}", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=None, help="any, if it is left out")
    parser.add_argument("--bench", type=Path, help="a folder of bentos to share")
    parser.add_argument("--fault", dest="faults", action="append", choices=NAMES, default=[])
    options = parser.parse_args()
    options.seed = random.randrange(10_000) if options.seed is None else options.seed
    return options


def main() -> int:
    """Play, and print the table."""
    options, table = parsed(), Table()
    print(f"seed {options.seed}, {options.seconds:.0f} s", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    settle_in(folder)
    for sign in (signal.SIGTERM, signal.SIGINT):  # a shell lets its background ignore Ctrl-C
        signal.signal(sign, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):  # it was told to end sooner
            play(options, folder, table)
    except BrokenError as error:
        print(f"\n{table}\n\nbroken with seed {options.seed} by {error}\nkept: {folder}")
        return 1
    print(f"\n{table}")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
