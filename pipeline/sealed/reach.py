"""What a sealed stage can read: the interpreter, the libraries, the code, and what it declares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pipeline.errors import PipelineError

# Programs, libraries, and what the kernel says of itself. /proc of other processes stays shut.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/nix/store", "/proc", "/sys")
# How to find libraries, names of users, and what time it is.
FILES = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf", "passwd")
DEVICES = ("null", "zero", "full", "random", "urandom", "shm", "dri", "kfd")
PACKAGES = ("site-packages", "dist-packages")
PACKAGE = "package:"  # how `data.sources` names one
LARGE = 64 * 1024  # bytes; a file of model/ beyond that is no code


@dataclass(frozen=True)
class Reach:
    """Paths: `read` with all below them, `names` of which only the names are seen."""

    read: Sequence[Path]
    names: Sequence[Path]


def reach(checkout: Path, sources: Sequence[str], inputs: Sequence[Path]) -> Reach:
    """What every sealed stage of `checkout` can read, apart from what earlier stages wrote.

    `sources` are `data.sources` of params.yaml, `inputs` the files that `train.inputs` names.

    Raises:
        PipelineError: a source is a package that is not installed.
    """
    code = Path(__file__).resolve().parents[2]
    model = checkout / "model"
    shut = {checkout, code, *(place for source in sources for place in places(source, checkout))}
    declared = {inner for path in inputs for inner in (path, *path.rglob("*"))}
    shut |= set(_large(model)) - declared
    roots = [Path(path) for path in SYSTEM] + [Path("/etc") / name for name in FILES]
    roots += [Path(sys.base_prefix), Path(sys.prefix)]
    roots += [Path(entry) for entry in sys.path if Path(entry).name in PACKAGES]
    roots += [code / "pipeline", code / "serving", model]
    read = {path.resolve() for path in declared}  # DVC may keep links to its cache there
    names = {checkout, code}  # Python looks for packages by name
    for root in {root.resolve() for root in roots if root.exists()}:
        _around(root, {path.resolve() for path in shut}, read, names)
    return Reach(sorted(read), sorted(names))


def places(source: str, checkout: Path) -> Iterator[Path]:
    """Where the data of a source lie: a path or pattern in the checkout, `package:NAME[/PATH]`.

    Raises:
        PipelineError: the package is not installed.
    """
    if not source.startswith(PACKAGE):
        yield checkout / source
        if not Path(source).is_absolute():
            yield from checkout.glob(source)
        return
    name, _, inner = source.removeprefix(PACKAGE).partition("/")
    try:
        package = distribution(name)
    except PackageNotFoundError as error:
        raise PipelineError(
            f"params.yaml: data.sources: the package {name!r} is not installed. Mend the name, or "
            "add it to model/requirements.in, run `make lock` and `make setup`, then `dvc repro`."
        ) from error
    if inner:
        yield Path(str(package.locate_file(inner)))
        return
    tops = {file.parts[0] for file in package.files or () if ".." not in file.parts}
    for top in tops:
        if not top.endswith((".dist-info", ".egg-info")):  # what is installed, anybody may know
            yield Path(str(package.locate_file(top)))


def devices() -> list[Path]:
    """Devices that a stage may use: sources of nothing and of chance, shared memory, GPUs."""
    return [Path("/dev") / name for name in DEVICES] + sorted(Path("/dev").glob("nvidia*"))


def _large(model: Path) -> Iterator[Path]:
    for path in model.rglob("*"):
        if path.is_file() and path.suffix != ".py" and path.stat().st_size > LARGE:
            yield path


def _around(root: Path, shut: set[Path], read: set[Path], names: set[Path]) -> None:
    """Landlock has no rule that forbids: what lies around `shut` is allowed piece by piece."""
    if root in shut:
        return
    if not any(path.is_relative_to(root) for path in shut):
        read.add(root)
        return
    names.add(root)
    for entry in os.scandir(root):
        if not entry.is_symlink():  # where it leads to counts
            _around(Path(entry.path), shut, read, names)
