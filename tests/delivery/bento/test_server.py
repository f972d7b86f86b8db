"""A bento runs in the environment of its own lock, and nothing of it stays behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from delivery.bento import server as runtime
from delivery.bento.server import serving, sweep
from delivery.errors import TargetError
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start, read_start
from tests.delivery.running import eventually, fake_bento, fake_python, running


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace where every bento's Python is the fake one; nothing may run in it at the end."""
    python = fake_python(tmp_path / "python")
    monkeypatch.setattr(runtime, "environment", lambda *_: python)
    yield tmp_path / "workspace"
    left = running(tmp_path)
    for process in left:
        process.kill()
    assert not left


class TestServing:
    def test_it_serves_until_the_end_of_the_block(self, fake: Path, tmp_path: Path) -> None:
        with serving(fake_bento(tmp_path / "b"), "r-one", fake) as url:
            assert httpx.get(f"{url}/release").json()["release"] == "r-one"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/release")
        assert list((fake / "serving").iterdir()) == []

    def test_it_ends_when_the_block_fails(self, fake: Path, tmp_path: Path) -> None:
        with (
            pytest.raises(ZeroDivisionError),
            serving(fake_bento(tmp_path / "b"), "r-one", fake),
        ):
            raise ZeroDivisionError
        assert running(tmp_path) == []

    def test_two_at_once_keep_apart(self, fake: Path, tmp_path: Path) -> None:
        bento = fake_bento(tmp_path / "b")
        with serving(bento, "r-one", fake) as one, serving(bento, "r-one", fake) as two:
            pids = {httpx.get(f"{url}/release").json()["pid"] for url in (one, two)}
            homes = {httpx.get(f"{url}/env").json()["BENTOML_HOME"] for url in (one, two)}
        assert len(pids) == len(homes) == 2

    def test_a_bento_sees_no_secrets_of_the_caller(
        self, fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_TOKEN", "secret")
        monkeypatch.setenv("PYTHONPATH", "/somewhere")
        monkeypatch.setenv("TZ", "UTC")
        with serving(fake_bento(tmp_path / "b"), "r-one", fake) as url:
            seen = httpx.get(f"{url}/env").json()
        assert seen["TZ"] == "UTC"
        assert not {"GITHUB_TOKEN", "PYTHONPATH", "VIRTUAL_ENV"} & seen.keys()
        assert not seen["PYTHONPYCACHEPREFIX"].startswith(str(tmp_path / "b"))

    def test_a_bento_is_told_the_settings(self, fake: Path, tmp_path: Path) -> None:
        settings = ServingSettings(protocols=("native", "vertex"))
        with serving(fake_bento(tmp_path / "b"), "r-one", fake, settings) as url:
            seen = httpx.get(f"{url}/env").json()
        assert read_start(seen) == Start("r-one", settings, host=Host(local=True))

    def test_what_the_bento_says_about_its_failure_is_passed_on(
        self, fake: Path, tmp_path: Path
    ) -> None:
        bento = fake_bento(tmp_path / "b", error="error: model.onnx is damaged")
        with (
            pytest.raises(TargetError, match=r"r-one ended while starting: error: model\.onnx is"),
            serving(bento, "r-one", fake),
        ):
            pass
        assert list((fake / "serving").iterdir()) == []

    def test_workers_that_keep_dying_are_no_server(self, fake: Path, tmp_path: Path) -> None:
        bento = fake_bento(tmp_path / "b", crash=True)
        with (
            pytest.raises(TargetError, match="keep dying: ValueError: no model"),
            serving(bento, "r-one", fake),
        ):
            pass

    def test_a_port_that_was_taken_meanwhile_is_tried_again(
        self, fake: Path, tmp_path: Path
    ) -> None:
        bento = fake_bento(tmp_path / "b", error_once=f"OSError: [Errno 98] {runtime.TAKEN}")
        with serving(bento, "r-one", fake) as url:
            assert httpx.get(f"{url}/readyz").status_code == 200

    def test_what_a_killed_command_left_is_swept(self, fake: Path, tmp_path: Path) -> None:
        bento = fake_bento(tmp_path / "b")
        python = runtime.environment(bento, fake)
        code = (
            "import sys, threading; from pathlib import Path; "
            "from delivery.bento import server as runtime;"
            f"runtime.environment = lambda bento, envs: Path({str(python)!r})\n"
            f"with runtime.serving(Path({str(bento)!r}), 'r-one', Path({str(fake)!r})) as url:\n"
            "    print(url, flush=True); threading.Event().wait(60)"
        )
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
            assert killed.stdout is not None
            url = killed.stdout.readline().strip()
            sweep(fake)
            assert httpx.get(f"{url}/readyz").status_code == 200  # its owner lives: left alone
            killed.send_signal(signal.SIGKILL)
        assert running(tmp_path)
        eventually(lambda: (sweep(fake), not running(tmp_path))[1])
        assert list((fake / "serving").iterdir()) == []
