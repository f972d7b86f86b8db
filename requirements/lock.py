"""Write the locks: `make lock`. One resolution for all, so that a bento runs what was tested;
only those of APART are not part of it: no bento is tested with their packages.

The template's libraries are the groups of pyproject.toml; a fork's own stand in `model/*.in`. A
pinned version stays unless the requirements exclude it: `make lock UPGRADE=1` takes the newest.

The locks are universal (Linux and macOS, every supported Python), carry hashes and name no
download address.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
COMMON = ("--universal", "--python-version", "3.11", "--generate-hashes", "--quiet")
SILENT = ("--no-emit-index-url", "--no-header", "--no-annotate")
TRAINING, PREDICTOR = "model/requirements.in", "model/predictor.in"
REMOTE = "model/delivery.in"  # of DVC, such as dvc[s3]: for the image of `delivery`
STORES = "model/batch.in"  # drivers of stores of files and of predictions, such as s3fs
# Lock → the fork's files that go into it beside the group of its name.
OURS = {
    "dev": (TRAINING, PREDICTOR, STORES, REMOTE),
    "pipeline": (TRAINING, PREDICTOR),
    "serving": (PREDICTOR,),
    "serving-gpu": (PREDICTOR,),
    "batch": (PREDICTOR, STORES),
    "shipper": (STORES,),
    "delivery": (STORES, REMOTE),
}
APART = ("clients", "mutants", "oracles", "peers", "stores")
BOOTSTRAP = "bootstrap"  # uv alone: what pip installs, and what installs the rest


def lock(name: str, *arguments: str) -> None:
    """Compile `requirements/<name>.lock`."""
    output = ("-o", f"requirements/{name}.lock")
    subprocess.run(
        ["uv", "pip", "compile", *COMMON, *SILENT, *arguments, *output], cwd=ROOT, check=True
    )


def lock_all(*upgrade: str) -> None:
    """Every lock; those of bentos and of the pipeline are parts of dev.lock."""
    for name, own in OURS.items():
        rest = upgrade if name == "dev" else ("-c", "requirements/dev.lock", *upgrade)
        # A fork that has no such file has no such libraries.
        files = [path for path in own if (ROOT / path).is_file()]
        lock(name, "--group", name, "pyproject.toml", *files, *rest)
    for name in APART:
        if not (HERE / f"{name}.lock").is_file():
            continue  # a repository made from the template may do without
        lock(name, "--group", name, "pyproject.toml", *upgrade)
    source = HERE / f"{BOOTSTRAP}.in"
    source.write_text(pin("uv"))
    try:
        lock(BOOTSTRAP, str(source.relative_to(ROOT)), "--upgrade")
    finally:
        source.unlink()


def pin(package: str) -> str:
    """The line of dev.lock that pins `package`."""
    lines = (HERE / "dev.lock").read_text(encoding="utf-8").splitlines()
    return next(line.split()[0] for line in lines if line.startswith(f"{package}==")) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write requirements/*.lock.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    try:
        lock_all(*["--upgrade"] if parser.parse_args().upgrade else [])
    except subprocess.CalledProcessError as error:
        print(f"error: {error}; uv names the requirement above", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
