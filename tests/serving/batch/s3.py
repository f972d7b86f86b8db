"""An S3 for tests, and jobs whose files lie there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.checkout import ROOT
from tests.serving.batch.jobs import RELEASE

BUCKET = "data"
PATIENCE = 60.0  # s: the first request imports what answers it
KEYS = re.compile("<Key>([^<]+)</Key>")
# Of moto it is enough that there is a signature, unless it is told to look at it.
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
VERSIONED = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


@dataclass(frozen=True)
class S3:
    """A server at `port` with one bucket, whose versions are kept. `python` has the drivers."""

    python: Path
    port: int
    log: Path

    def put(self, key: str, content: bytes) -> None:
        """Put an object; an empty key is the bucket."""
        self._call("PUT", key, content=content)

    def keys(self, prefix: str) -> set[str]:
        listed = self._call("GET", f"?list-type=2&prefix={prefix}")
        return set(KEYS.findall(listed.text))

    def upload(self, folder: Path, prefix: str) -> str:
        """Put the files of a folder; their address."""
        for file in folder.iterdir():
            self.put(f"{prefix}/{file.name}", file.read_bytes())
        return f"s3://{BUCKET}/{prefix}"

    def download(self, prefix: str, folder: Path) -> Path:
        """All objects below a prefix, in a folder."""
        for key in self.keys(f"{prefix}/"):
            file = folder / key.removeprefix(f"{prefix}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._call("GET", key).content)
        return folder

    def puts(self, pattern: str) -> int:
        """How often something was put at a path that ends as `pattern` says, with or without
        success."""
        return len(re.findall(rf"(?m)^PUT \S*{pattern} \d+$", self.log.read_text()))

    def start(
        self, *arguments: str, port: int | None = None, **environ: str
    ) -> subprocess.Popen[str]:
        """A program with the drivers, told where the store is; `port` is that of a relay."""
        return subprocess.Popen(
            [str(self.python), *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.defpath,
                "HOME": str(self.log.parent),
                "OMP_NUM_THREADS": "1",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
                **environ,
            },
        )

    def _call(self, method: str, key: str, content: bytes | None = None) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}/{BUCKET}/{key}"
        answer = httpx.request(method, url, content=content, headers=SIGNED, timeout=PATIENCE)
        return answer.raise_for_status()


def job(model: Path, place: str, output: str, *options: str) -> tuple[str, ...]:
    """The arguments of a job in units of 40 rows."""
    named = ("--release", RELEASE, "--model", str(model), "--unit-rows", "40")
    return ("-m", "serving.batch", place, output, *named, "--max-refused", "1", *options)


@contextmanager
def serving(python: Path, folder: Path, delay: float = 0, **environ: str) -> Iterator[S3]:
    """A server of its own; each of its requests takes so many seconds."""
    log = folder / "requests"
    command = [str(python), "-m", "tests.serving.batch.s3_server", str(delay)]
    with (
        log.open("w") as requests,
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=requests,
            text=True,
            env={"PATH": os.defpath, "HOME": str(folder), **environ},
        ) as server,
    ):
        assert server.stdout is not None
        try:
            s3 = S3(python, int(server.stdout.readline()), log)
            s3.put("", b"")
            s3.put("?versioning", VERSIONED)
            yield s3
        finally:
            server.kill()
