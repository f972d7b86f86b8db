"""Package a commit a second time, elsewhere and otherwise, to see that it gives the same bytes.

Run as a module, it builds one source folder into one destination: a process of its own, since
umask and time zone belong to a process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from delivery.bento.build import build
from delivery.bento.digest import file_hashes
from delivery.errors import DeliveryError
from delivery.gates.supply_chain.reproducible_build import Evidence

ROOT = Path(__file__).resolve().parents[2]
OTHERWISE = {
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "C",
    "PYTHONHASHSEED": "4711",
    "SOURCE_DATE_EPOCH": "1",
}
UMASK = 0o077
SECONDS = 300


class SecondBuild:
    """A build that runs while the caller does something else. `folder` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.source = folder / "another place" / "source"

    def start(self) -> None:
        """Build what was laid out in `source`."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "delivery.bento.second_build",
                str(self.source),
                str(self._folder / "out"),
            ],
            cwd=self._folder,
            env=self._environ(),
            umask=UMASK,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def compare(self, first: Path) -> Evidence:
        """Wait for it; both builds, file by file."""
        _, output = self._process.communicate(timeout=SECONDS)
        if self._process.returncode != 0:
            last = output.strip().splitlines()[-1:] or ["it said nothing"]
            return Evidence(file_hashes(first), None, f"the second build failed: {last[0]}")
        (made,) = (self._folder / "out").glob("r-*")
        return Evidence(file_hashes(first), file_hashes(made))

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)
        self.source.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _environ(self) -> Mapping[str, str]:
        return {**os.environ, **OTHERWISE, "HOME": str(self._folder), "PYTHONPATH": str(ROOT)}


def main() -> int:
    """Build argv[1] into argv[2]."""
    try:
        build(Path(sys.argv[1]), Path(sys.argv[2]), tries=False)
    except DeliveryError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
