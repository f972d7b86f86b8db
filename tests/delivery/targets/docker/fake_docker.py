"""Takes the place of `docker` where tests need no containers: what would run in one runs here.

$FAKE/calls has a JSON list of arguments a line; $FAKE/state is the volume; $FAKE/running/<name> is
a container that has a name. `inspect` of anything else says that there is no such thing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

HOME = Path(os.environ["FAKE"])


def main(arguments: list[str]) -> int:
    with (HOME / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    if arguments[0] == "run" and "--interactive" in arguments:
        return run(arguments)
    if arguments[1:2] == ["inspect"]:
        return inspect(arguments[2])
    if arguments[0] == "rm":
        pid = json.loads((HOME / "running" / arguments[-1]).read_text())["pid"]
        os.kill(pid, signal.SIGKILL)
    if arguments[0] == "fail":
        sys.exit("Error response from daemon: it is on fire")
    print("done")
    return 0


def run(arguments: list[str]) -> int:
    python = [sys.executable, *arguments[arguments.index("-I") :]]
    environ = {**os.environ, "STATE": str(HOME / "state")}
    name = next((a.partition("=")[2] for a in arguments if a.startswith("--name=")), "")
    labels = [a.partition("=")[2].partition("=") for a in arguments if a.startswith("--label=")]
    noted = HOME / "running" / name
    if name and noted.exists():
        sys.exit(f'Error: Conflict. The container name "/{name}" is already in use by another.')
    with subprocess.Popen(python, env=environ) as process:
        if name:
            facts = {"pid": process.pid, "labels": {key: value for key, _, value in labels}}
            noted.write_text(json.dumps(facts))
        process.wait()
        if name:
            noted.unlink()
    return process.returncode


def inspect(name: str) -> int:
    noted = HOME / "running" / name
    if not noted.exists():
        sys.exit(f"Error: No such object: {name}")
    labels = json.loads(noted.read_text())["labels"]
    print(json.dumps([{"Id": name, "Config": {"Labels": labels}, "State": {"Running": True}}]))
    return 0


sys.exit(main(sys.argv[1:]))
