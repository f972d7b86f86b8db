"""Make `.venv`, or the folder that VENV names, from `requirements/dev.lock`.

Does nothing when that is up to date.

Needs Python and nothing else, and parses on any Python 3, so that an unsupported one gets a
message instead of a syntax error.
"""

import hashlib
import os
import shutil
import subprocess
import sys

SUPPORTED = ((3, 11), (3, 12), (3, 13))
HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.environ.get("VENV") or os.path.join(os.path.dirname(HERE), ".venv")
STAMP = os.path.join(VENV, "installed")
LOCKS = [os.path.join(HERE, name) for name in ("uv.lock", "dev.lock")]
LAUNCHER = os.path.join(HERE, "launcher.py")


class InstallError(Exception):
    """What stands in the way, and what to do about it."""


def check_python(version):
    """Raise InstallError unless `version` (major, minor) is supported."""
    if tuple(version) not in SUPPORTED:
        names = ", ".join("%d.%d" % pair for pair in SUPPORTED)
        raise InstallError(
            "this is Python %d.%d, and the locks are made for %s. Install one of them and run "
            "`make setup PYTHON=python3.12`." % (version[0], version[1], names)
        )


def fingerprint():
    """A hash over everything that decides what `.venv` holds."""
    digest = hashlib.sha256(repr(sys.version_info[:3]).encode())
    for path in LOCKS + [LAUNCHER, os.path.abspath(__file__)]:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed():
    """The fingerprint of the `.venv` that is there, or None."""
    try:
        with open(STAMP) as file:
            return file.read()
    except OSError:
        return None


def run(command, advice):
    """Run `command`; InstallError with `advice` if it fails."""
    if subprocess.call(command) != 0:
        raise InstallError("`%s` failed. %s" % (" ".join(command), advice))


def install():
    """Make `.venv`: uv comes with pip by hash, everything else with uv by hash."""
    shutil.rmtree(VENV, ignore_errors=True)
    print("setup: making %s (once; about 1.2 GB)" % VENV, flush=True)
    run(
        # Not the interpreter of a `.venv` that was just removed.
        [getattr(sys, "_base_executable", sys.executable), "-m", "venv", VENV],
        "On Debian and Ubuntu install it with `apt-get install python3-venv`.",
    )
    python = os.path.join(VENV, "bin", "python")
    again = (
        "Look at the package it names above; `make lock` renews the locks, `make setup` retries."
    )
    run(
        [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCKS[0]],
        again,
    )
    run(
        [os.path.join(VENV, "bin", "uv"), "pip", "sync", "--quiet", "--require-hashes"]
        + ["--python", python, LOCKS[1]],
        again,
    )
    command = os.path.join(VENV, "bin", "delivery")
    with open(LAUNCHER) as source, open(command, "w") as file:
        file.write("#!%s\n%s" % (python, source.read()))
    os.chmod(command, 0o755)
    with open(STAMP, "w") as file:
        file.write(fingerprint())


def main():
    """Return the exit code: 0 done, 2 for what a person has to mend."""
    try:
        check_python(sys.version_info[:2])
        if installed() != fingerprint():
            install()
    except InstallError as error:
        sys.stderr.write("error: %s\n" % error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
