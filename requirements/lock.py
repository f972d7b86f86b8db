"""Renew the locks: `make lock`. One resolution for all, so that a bento runs what was tested;
only clients.lock and peers.lock, whose packages are never in one environment with ours, are apart.

The locks are universal (Linux and macOS, every supported Python), carry hashes and name no
download address.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
COMMON = ["--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
COMMON += ["--no-emit-index-url", "--no-header", "--no-annotate", "--upgrade"]


def lock(name: str, *arguments: str) -> None:
    """Compile `requirements/<name>.lock`."""
    command = ["uv", "pip", "compile", *COMMON, *arguments, "-o", f"requirements/{name}.lock"]
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> int:
    try:
        lock("dev", "--group", "dev", "pyproject.toml")
        for name in ("pipeline", "serving"):
            lock(name, "--group", name, "pyproject.toml", "-c", "requirements/dev.lock")
        for name in ("clients", "peers"):
            lock(name, "--group", name, "pyproject.toml")
        uv = next(
            line.split()[0]
            for line in (HERE / "dev.lock").read_text().splitlines()
            if line.startswith("uv==")
        )
        source = HERE / "uv.in"
        source.write_text(uv + "\n")
        lock("uv", "requirements/uv.in")
        source.unlink()
    except subprocess.CalledProcessError as error:
        print(f"error: {error}; uv names the requirement above", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
