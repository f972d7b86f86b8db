"""Every test has a home of its own: no git, DVC or uv settings of the person who runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests import costs
from tests.origin import Origin, make_origin


def pytest_configure(config: pytest.Config) -> None:
    """Set before anything is imported, so that subprocesses and DVC see it too."""
    config.pluginmanager.register(costs)
    uv = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=False)
    if uv.returncode == 0:
        os.environ.setdefault("UV_CACHE_DIR", uv.stdout.strip())
    # A test that makes an environment must neither make this one anew nor borrow from another.
    for name in ("VENV", "BORROW"):
        os.environ.pop(name, None)
    # Every process that imports numpy starts a thread a core otherwise, and two workers share two.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    os.environ["DVC_NO_ANALYTICS"] = "1"
    # Releases are signed with a key of these tests, never with that of whoever runs them.
    os.environ.pop("DELIVERY_SIGNING_KEY", None)
    home = tempfile.mkdtemp(prefix="delivery-tests-")
    os.environ["XDG_DATA_HOME"] = home
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    for role in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{role}_NAME"] = "Tester"
        os.environ[f"GIT_{role}_EMAIL"] = "tester@example.com"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that the other workers do the rest meanwhile."""
    place = {name: number for number, name in enumerate(costs.LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """A bare origin and a checkout of it with the template's environments, nothing released."""
    return make_origin(tmp_path)
