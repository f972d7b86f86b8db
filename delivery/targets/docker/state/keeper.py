"""Runs in a container that has the state of an environment at /state: `python3 -I -c <this>`.

Reads a JSON object a line and answers with one. It ends when nobody is there any more: at the end
of its input, or after a minute of silence. Needs nothing but Python.
"""

from __future__ import annotations

import base64
import json
import os
import select
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(os.environ.get("STATE", "/state"))
SILENCE = float(os.environ.get("SILENCE", "60"))  # s
MOST = 4 * 1024 * 1024  # bytes of a file in one answer


def requests() -> Iterator[bytes]:
    rest = b""
    while select.select([0], [], [], SILENCE)[0]:
        read = os.read(0, 65536)
        if not read:
            return
        *lines, rest = (rest + read).split(b"\n")
        yield from lines


def answer(request: dict[str, Any]) -> dict[str, Any]:
    path = ROOT / request.get("name", "")
    try:
        return DO[request["do"]](path, request)
    except FileNotFoundError:
        return {"missing": True}
    except OSError as error:
        return {"error": str(error)}


def read(path: Path, _: dict[str, Any]) -> dict[str, Any]:
    return {"text": path.read_text(encoding="utf-8")}


def write(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """In one rename, and on the disk before that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(request["text"])
        file.flush()
        os.fsync(handle)
    Path(temporary).replace(path)
    return {}


def delete(path: Path, _: dict[str, Any]) -> dict[str, Any]:
    path.unlink()
    return {}


def tail(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """What a file has from an offset on; `file` and `size` say whether it is still the same."""
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        file.seek(request["offset"])
        data = file.read(MOST)
    text = base64.b64encode(data).decode()
    return {"file": stat.st_ino, "size": stat.st_size, "data": text}


def ping(*_: object) -> dict[str, Any]:
    return {"writable": os.access(ROOT, os.W_OK)}


DO: Mapping[str, Callable[[Path, dict[str, Any]], dict[str, Any]]] = {
    "read": read,
    "write": write,
    "delete": delete,
    "tail": tail,
    "ping": ping,
}

if __name__ == "__main__":
    for line in requests():
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
