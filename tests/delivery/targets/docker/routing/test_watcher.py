"""A lease is answered for as long as its watcher is heard."""

from __future__ import annotations

import subprocess
import sys

from delivery.targets.docker.routing import watcher
from delivery.targets.local.routing.lease import answers
from tests.delivery.running import eventually, free_port


def test_it_answers_while_somebody_is_heard() -> None:
    port = free_port()
    command = [sys.executable, "-I", watcher.__file__, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        assert not answers(f"127.0.0.1:{port}")
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert eventually(lambda: answers(f"127.0.0.1:{port}"))
        assert eventually(lambda: not answers(f"127.0.0.1:{port}"))
        process.stdin.close()
        assert process.wait(5) == 0
