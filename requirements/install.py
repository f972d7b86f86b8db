"""Make `.venv`: everything that `requirements/dev.lock` pins, and the command `delivery`.

VENV names a folder outside the checkout that keeps the locked packages, for a machine that has
many checkouts. `.venv` then borrows them from there: it holds links to its programs and, as always,
the command of this checkout. So each checkout runs its own code, whoever shares the packages.

BORROW names an environment to borrow from as it is, whatever its packages: a clone that is made
for a while (the demo, a workflow in a test) must not renew the environment that made it.

Does nothing when all is up to date.

Needs Python and nothing else, and parses on any Python 3, so that an unsupported one gets a
message instead of a syntax error.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

OLDEST, BELOW = (3, 11, 4), (3, 14)  # 3.11.4 is the first that unpacks archives safely (PEP 706)
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
OWN = os.path.join(ROOT, ".venv")
LOCKS = [os.path.join(HERE, name) for name in ("bootstrap.lock", "dev.lock")]
PACKAGES = "packages"  # what an environment says of its packages
COMMAND = "checkout"  # and of the checkout whose command it has
MADE = "made-by-setup"  # stands in an environment from the first moment, also of a killed set-up
LENT = "packages.pth"  # where an environment without packages has them from
HASH = re.compile("[0-9a-f]{64}$")
VERSION = re.compile(r"(?m)^version(?:_info)? = (\d+\.\d+\.\d+)")  # as venv and uv write it
AGAIN = (
    "Look at the package it names above; `make lock UPGRADE=1` renews the locks, `make setup` "
    "retries."
)


class InstallError(Exception):
    """What stands in the way, and what to do about it."""


def check_python(version):
    """Raise InstallError unless `version` (major, minor, micro) is supported."""
    if not OLDEST <= tuple(version) < BELOW:
        raise InstallError(
            "this is Python %d.%d.%d; it takes Python %d.%d.%d or newer, and older than %d.%d. "
            "Install one and run `make setup PYTHON=python3.12`."
            % (tuple(version) + OLDEST + BELOW)
        )


def lender(named):
    """The environment that holds the packages of the named one: itself, or whoever lends to it."""
    folder = os.path.abspath(named)
    lent = glob.glob(os.path.join(folder, "lib", "*", "site-packages", LENT))
    if folder == OWN or not lent:
        return folder
    with open(lent[0]) as file:  # <lender>/lib/python3.x/site-packages
        return os.path.abspath(os.path.join(file.read().strip(), "..", "..", ".."))


def fingerprint(facts, paths):
    """A hash over `facts` and the content of the files."""
    digest = hashlib.sha256(repr(facts).encode())
    for path in paths:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def packages_wanted():
    """What decides which packages there are."""
    return fingerprint(sys.version_info[:3], LOCKS)


def command_wanted(packages):
    """What decides how `.venv` is tied to this checkout and to the packages."""
    files = [os.path.join(ROOT, "pyproject.toml"), os.path.abspath(__file__)]
    return fingerprint((ROOT, packages, packages_wanted()), files)


def stamp(folder, name):
    """What an environment says of itself; None where it says nothing."""
    try:
        with open(os.path.join(folder, name)) as file:
            return file.read()
    except OSError:
        return None


def require_replaceable(folder):
    """Raise InstallError unless `folder` is free, or an environment that this script made.

    `.venv` of this checkout may be any virtual environment: it is made for the checkout alone.
    """
    if not os.path.lexists(folder) or (os.path.isdir(folder) and not os.listdir(folder)):
        return
    # Those of earlier versions have the hashes alone.
    hashes = [stamp(folder, name) or "" for name in (PACKAGES, COMMAND)]
    made = stamp(folder, MADE) is not None or any(map(HASH.match, hashes))
    if made or (folder == OWN and os.path.isfile(os.path.join(folder, "pyvenv.cfg"))):
        return
    raise InstallError(
        "%s is no environment that `make setup` made, so it was left as it is. Remove or rename it "
        "yourself, or let VENV name a folder that does not exist yet." % folder
    )


def require_own_python(folder):
    """Raise InstallError if a shared folder has packages for another Python: other checkouts run
    on them, and each set-up would undo the other's.

    `.venv` of this checkout may change its Python.
    """
    found = VERSION.search(stamp(folder, "pyvenv.cfg") or "")
    own = "%d.%d.%d" % sys.version_info[:3]
    if folder != OWN and found and found.group(1) != own:
        raise InstallError(
            "%s has packages for Python %s, and this is %s. Other checkouts may use them, so they "
            "were left as they are. Run `make setup PYTHON=python%s`, or let VENV name a folder "
            "that does not exist yet. If nobody uses that folder any more, remove it yourself."
            % (folder, found.group(1), own, found.group(1).rpartition(".")[0])
        )


def write_stamp(folder, name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def run(command, advice):
    """Run `command`; InstallError with `advice` if it fails."""
    if subprocess.call(command) != 0:
        raise InstallError("`%s` failed. %s" % (" ".join(command), advice))


def program(folder, name):
    return os.path.join(folder, "bin", name)


def install_packages(folder):
    """Make an environment: uv comes with pip by hash, everything else with uv by hash."""
    require_replaceable(folder)
    require_own_python(folder)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    write_stamp(folder, MADE, "")
    print("setup: making %s (once; about 1.2 GB)" % folder, flush=True)
    run(
        # Not the interpreter of a `.venv` that was just removed.
        [getattr(sys, "_base_executable", sys.executable), "-m", "venv", folder],
        "On Debian and Ubuntu install it with `apt-get install python3-venv`.",
    )
    python = program(folder, "python")
    run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCKS[0]], AGAIN)
    run(
        [program(folder, "uv"), "pip", "sync", "--quiet", "--require-hashes"]
        + ["--python", python, LOCKS[1]],
        AGAIN,
    )
    write_stamp(folder, PACKAGES, packages_wanted())


def borrow(packages):
    """Make `.venv` with the packages and programs of another environment, not with its checkout:
    Python reads no .pth file of a folder that one names."""
    require_replaceable(OWN)
    shutil.rmtree(OWN, ignore_errors=True)
    run(
        [program(packages, "uv"), "venv", "--quiet", "--no-project"]
        + ["--python", program(packages, "python"), OWN],
        "Remove that folder and run `make setup` again.",
    )
    for path in glob.glob(os.path.join(packages, "bin", "*")):
        own = program(OWN, os.path.basename(path))
        if os.path.basename(path) != "delivery" and not os.path.lexists(own):
            os.symlink(path, own)
    (lent,) = glob.glob(os.path.join(packages, "lib", "*", "site-packages"))
    (site,) = glob.glob(os.path.join(OWN, "lib", "*", "site-packages"))
    write_stamp(site, LENT, lent + "\n")


def install_command():
    """Install this checkout, editable: nothing is downloaded, uv is the build backend."""
    run(
        [program(OWN, "uv"), "pip", "install", "--quiet", "--offline", "--no-deps"]
        + ["--no-build-isolation", "--python", program(OWN, "python"), "--editable", ROOT],
        "If pyproject.toml was edited: its [build-system] must allow the locked version of uv.",
    )


def main():
    """Return the exit code: 0 done, 2 for what a person has to mend."""
    try:
        check_python(sys.version_info[:3])
        borrowed = os.environ.get("BORROW")
        packages = lender(borrowed or os.environ.get("VENV") or OWN)
        if not borrowed and stamp(packages, PACKAGES) != packages_wanted():
            install_packages(packages)
        wanted = command_wanted(packages)
        if stamp(OWN, COMMAND) != wanted:
            if packages != OWN:
                borrow(packages)
            install_command()
            write_stamp(OWN, COMMAND, wanted)
    except InstallError as error:
        sys.stderr.write("error: %s\n" % error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
