"""Every test has a home of its own: no git, DVC or uv settings of the person who runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.origin import Origin, make_origin


def pytest_configure(config: pytest.Config) -> None:
    """Set before anything is imported, so that subprocesses and DVC see it too."""
    uv = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=False)
    if uv.returncode == 0:
        os.environ.setdefault("UV_CACHE_DIR", uv.stdout.strip())
    # `make` exports it; a test that makes an environment must not make this one anew.
    os.environ.pop("VENV", None)
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
    """The longest first, so that the other worker does the rest meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """A bare origin and a checkout of it with the template's environments, nothing released."""
    return make_origin(tmp_path)
