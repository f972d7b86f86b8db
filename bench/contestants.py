"""Who takes part: how each is started, what it is asked, and when it is ready."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from delivery.bento.build import PARTS, build
from delivery.bento.environment import bytecode, environment, locked_environment
from serving.guard.callers.auth import Scope
from serving.guard.keys import make_key
from serving.settings.service import ServingSettings

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).parent / "peers"
MODEL = ROOT / "artifacts" / "model"
WORKSPACE = ROOT / ".delivery"
SCOPES: Sequence[Scope] = ("predict", "metrics")
SERVICE, LIMIT, BENTOML, MLFLOW, KSERVE = "service", "limit", "bentoml", "mlflow", "kserve"
UNCOUNTED = "uncounted"
ASGI, PROTOCOL = "asgi", "protocol"
TUNED = "bentoml-tuned"
Rows = list[dict[str, Any]]
Command = Sequence[str | Path]


def instances(rows: Rows) -> dict[str, Any]:
    return {"instances": rows}


def split(rows: Rows) -> dict[str, Any]:
    """How MLflow's documentation sends a frame."""
    columns = list(rows[0])
    data = [[row[name] for name in columns] for row in rows]
    return {"dataframe_split": {"columns": columns, "data": data}}


@dataclass(frozen=True)
class Contestant:
    """A server to be started: `command` with {port} in it, in `folder`; `path` is where rows go
    as `body` writes them, `ready` answers 200 when they may come."""

    name: str
    title: str
    command: Command
    folder: Path
    path: str = "/predict"
    ready: str = "/readyz"
    body: Callable[[Rows], Any] = instances
    variables: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def start(self, port: int, core: int | None) -> subprocess.Popen[bytes]:
        """Start it at 127.0.0.1:`port`, on one core where the system can hold it there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        python = Path(self.command[0])
        own = {
            "PATH": f"{python.parent}{os.pathsep}{os.defpath}",
            "HOME": str(self.folder),
            "BENTOML_HOME": str(self.folder),
            "BENTOML_DO_NOT_TRACK": "True",
            "PYTHONPYCACHEPREFIX": str(bytecode(python)),
            "LANG": "C.UTF-8",
        }
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                on_core(core, [str(part).format(port=port) for part in self.command]),
                cwd=self.folder,
                env=own | dict(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def on_core(core: int | None, command: Sequence[str]) -> list[str]:
    """`command` and all that it starts, on `core` alone."""
    if core is None:
        return list(command)
    pin = (
        f"import os, sys; os.sched_setaffinity(0, {{{core}}}); os.execvp(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-SEc", pin, *command]


def ours(work: Path, source: Path = ROOT, name: str = SERVICE) -> Contestant:
    """The built bento of `source`, guarded and watched as behind a real address."""
    bento = build(source, WORKSPACE / "bench" / "bentos")
    python = environment(bento.path, WORKSPACE / "envs")
    key, entry = make_key("bench", SCOPES, days=1)
    settings = ServingSettings(auth="keys")
    return Contestant(
        name,
        "this service",
        [python, "-m", "bentoml", "serve", bento.path, "--host", "127.0.0.1", "--port", "{port}"],
        work / name,
        variables={
            "RELEASE_ID": bento.id,
            "SERVING_API_KEYS": json.dumps([entry.model_dump(mode="json")]),
            "SERVING_LOG_FOLDER": str(work / name / "predictions"),
            **settings.to_environment(),
        },
        headers={"Authorization": f"Bearer {key}"},
    )


def parts(service: Contestant) -> dict[str, dict[str, float]]:
    """What a request costs by its parts in the bento of `service`: rows → part → µs."""
    python, bento = Path(service.command[0]), Path(service.command[4])
    done = subprocess.run(
        [python, PEERS / "parts.py", MODEL],
        env={
            "PYTHONPATH": f"{bento / 'src'}{os.pathsep}{PEERS}",
            "PYTHONPYCACHEPREFIX": str(bytecode(python)),  # a bento's bytes are its name
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


# In front of service.py: what would be told of each answered request is told nothing.
SILENT = """from serving.http import app as _app


class _Silent:
    def __init__(self, *_: object) -> None:
        pass

    def scored(self, _: object) -> None:
        pass


_app.DriftCounters = _Silent  # type: ignore[misc, assignment]
"""


def uncounted(work: Path) -> Contestant:
    """The same without drift counters: nothing of them runs."""
    source = work / "source"
    for part in PARTS:
        (source / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, source / part)
    service = source / "service.py"
    service.write_text(SILENT + service.read_text(encoding="utf-8"), encoding="utf-8")
    return replace(ours(work, source, UNCOUNTED), title="this service without drift counters")


def limits(work: Path) -> list[Contestant]:
    """The same packages as those of the bento, and less and less around them."""
    python = locked_environment(ROOT / "requirements" / "serving.lock", WORKSPACE / "envs")
    return [
        Contestant(name, title, [python, PEERS / f"{name}.py", MODEL, "{port}"], work / name)
        for name, title in (
            (LIMIT, "uvicorn + Starlette + orjson"),
            (ASGI, "bare ASGI on uvicorn"),
            (PROTOCOL, "a protocol by hand on uvloop and httptools"),
        )
    ]


def _save_mlflow_model(python: Path, work: Path, variables: Mapping[str, str]) -> Path:
    saved = work / "mlflow-model"
    subprocess.run(
        [python, PEERS / "mlflow_model.py", MODEL, saved],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return saved


def peers(work: Path) -> list[Contestant]:
    """Those of requirements/peers.lock; MLflow's model is written on the way."""
    python = locked_environment(ROOT / "requirements" / "peers.lock", WORKSPACE / "envs")
    model = {"PYTHONPATH": str(PEERS), "BENCH_MODEL": str(MODEL), "MLFLOW_DISABLE_TELEMETRY": "1"}
    where: Command = ["--host", "127.0.0.1", "--port", "{port}"]
    bentoml: Command = [python, "-m", "bentoml", "serve", "stock:Stock"]
    stock: Command = [*bentoml, "--working-dir", PEERS, *where]
    saved = _save_mlflow_model(python, work, model)
    served: Command = [python, "-m", "mlflow", "models", "serve", "--model-uri", saved]
    return [
        Contestant(
            KSERVE,
            "KServe ModelServer",
            [python, PEERS / "kserve_server.py", MODEL, "{port}"],
            work / KSERVE,
            path="/v1/models/bench:predict",
            ready="/v1/models/bench",
        ),
        Contestant(BENTOML, "BentoML `@api`", stock, work / BENTOML, variables=model),
        Contestant(
            TUNED,
            "BentoML `@api`, tuned",
            stock,
            work / TUNED,
            variables=model | {"BENCH_TUNED": "1"},
        ),
        Contestant(
            MLFLOW,
            "`mlflow models serve`",
            [*served, "--env-manager", "local", "--workers", "1", *where],
            work / MLFLOW,
            path="/invocations",
            ready="/ping",
            body=split,
            variables=model,
        ),
    ]
