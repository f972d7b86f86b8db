"""The BentoML service: composition only."""

import os
from pathlib import Path

import bentoml

from serving.guard.guard import Guard, require_guard
from serving.guard.server import limit_connections
from serving.http.app import Service
from serving.http.shutdown import replace_dead_workers
from serving.settings.service import read_start
from serving.settings.tls import without_uvloop

start = read_start(os.environ)
if start.host.tls:
    without_uvloop()
model = Service(Path(__file__).parent / "artifacts" / "model", start)
limit_connections(start, model.error)


@bentoml.service(name="online", **start.bentoml())
@bentoml.asgi_app(model.app, path="/")
class Online:
    """The model of this release over HTTP."""

    @bentoml.on_deployment
    def check() -> None:
        """Once, before the workers: what cannot be guarded or served stops the start."""
        require_guard(start)
        model.check()
        replace_dead_workers()

    def __init__(self) -> None:
        model.start()

    def __is_ready__(self) -> bool:
        return model.ready


Online.add_asgi_middleware(Guard, start=start, shape=model.error, direct=model.direct)
