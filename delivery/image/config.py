"""The configuration of an image: what starts, as whom, and what its labels say.

`docker run IMAGE` serves at 3000, SageMaker's `docker run IMAGE serve` too (the service finds the
port of its protocols), and a platform's PORT or AIP_HTTP_PORT is obeyed by the service itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from delivery.errors import InputError
from delivery.image.layer import Layer
from delivery.image.reference import Reference
from delivery.state.record import Record

BENTO, PACKAGES, WRITABLE = "opt/bento", "opt/packages", "/tmp"  # nosec B108 - in the image
USER = "65532:65532"  # by number, so that a cluster can see that it is not root
PORT = 3000  # BentoML's own
CREATED = "1970-01-01T00:00:00Z"  # no time of a build: the same input gives the same image
SECOND = 1_000_000_000  # ns, the unit of a health check
LABEL = "org.opencontainers.image"
OWN_LABEL = "model-delivery"
# The environment's PORT, Vertex AI's, BentoML's own, SageMaker's; with and without TLS.
HEALTH = (
    "import os, ssl, sys, urllib.request as r\n"
    "names = ('PORT', 'AIP_HTTP_PORT', 'BENTOML_PORT')\n"
    f"ports = [os.environ[n] for n in names if os.environ.get(n)] or ['{PORT}', '8080']\n"
    "unchecked = ssl._create_unverified_context()\n"
    "for port in ports:\n"
    "    for scheme in ('http', 'https'):\n"
    "        try:\n"
    "            r.urlopen(f'{scheme}://127.0.0.1:{port}/readyz', timeout=3, context=unchecked)\n"
    "            sys.exit(0)\n"
    "        except OSError: pass\n"
    "sys.exit(1)\n"
)


def image_config(
    base: Mapping[str, Any], name: Reference, record: Record, layers: Sequence[Layer], python: str
) -> Mapping[str, Any]:
    """The configuration of `record`'s image on the image `name`, whose configuration is `base`.

    Raises:
        InputError: the base is for another platform or says what it has no say in.
    """
    service = {
        "Entrypoint": [f"python{python}", "-m", "bentoml"],
        "Cmd": ["serve"],
        "WorkingDir": f"/{BENTO}",
        "ExposedPorts": {f"{PORT}/tcp": {}},
        "Healthcheck": {
            "Test": ["CMD", f"python{python}", "-I", "-c", HEALTH],
            "Interval": 30 * SECOND,
            "Timeout": 10 * SECOND,
            "StartPeriod": 60 * SECOND,
            "Retries": 3,
        },
    }
    variables = {
        "BENTOML_HOME": f"{WRITABLE}/bentoml",
        "BENTOML_HOST": "0.0.0.0",  # nosec B104 - what leads to a container is its engine's affair
        "BENTOML_DO_NOT_TRACK": "True",
        "RELEASE_ID": record.id,
    }
    return layered(base, name, layers, service, variables, _labels(record))


def command_config(
    base: Mapping[str, Any], name: Reference, commit: str, layers: Sequence[Layer], python: str
) -> Mapping[str, Any]:
    """The configuration of the image that `delivery` runs from, with the libraries that `commit`
    names. Its code is that of the checkout which it is started in.

    Raises:
        InputError: as `layered`.
    """
    command = {"Entrypoint": [f"python{python}", "-m", "delivery"], "WorkingDir": WRITABLE}
    labels = {f"{LABEL}.title": "delivery", f"{LABEL}.revision": commit}
    return layered(base, name, layers, command, {}, labels)


def layered(
    base: Mapping[str, Any],
    name: Reference,
    layers: Sequence[Layer],
    config: Mapping[str, Any],
    variables: Mapping[str, str],
    labels: Mapping[str, str],
) -> Mapping[str, Any]:
    """The configuration of an image: `layers` on the image `name`, whose configuration is `base`.

    Raises:
        InputError: the base is for another platform.
    """
    at = (base.get("os"), base.get("architecture"))
    if at != ("linux", "amd64"):
        raise InputError(f"{name} is for {at[0]}/{at[1]}, expected linux/amd64")
    below = list(base["rootfs"]["diff_ids"])
    about = {f"{LABEL}.base.name": name.name, f"{LABEL}.base.digest": name.digest}
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": {
            "User": USER,
            "Env": _environment(base, variables),
            "StopSignal": "SIGTERM",
            "Labels": {**labels, **about},
            **config,
        },
        "rootfs": {"type": "layers", "diff_ids": [*below, *(layer.diff_id for layer in layers)]},
        "history": [*base.get("history", ()), *(_step(layer) for layer in layers)],
    }


def _environment(base: Mapping[str, Any], variables: Mapping[str, str]) -> list[str]:
    """The search path and the certificates of the base, and what the container needs."""
    kept = ("PATH", "SSL_CERT_FILE", "LANG")
    given = [str(item) for item in (base.get("config") or {}).get("Env") or ()]
    inherited = dict(item.split("=", 1) for item in given if item.split("=", 1)[0] in kept)
    own = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        **inherited,
        "HOME": WRITABLE,
        "PYTHONPATH": f"/{PACKAGES}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }
    return [f"{key}={value}" for key, value in own.items()]


def _labels(record: Record) -> Mapping[str, str]:
    labels = {
        f"{LABEL}.title": record.name,
        f"{LABEL}.version": record.id,
        f"{LABEL}.revision": record.made_from.commit,
        f"{OWN_LABEL}.bento.sha256": record.bento_sha256,
    }
    if record.sbom_sha256:
        labels[f"{OWN_LABEL}.sbom.sha256"] = record.sbom_sha256
    return labels


def _step(layer: Layer) -> Mapping[str, str]:
    return {"created": CREATED, "created_by": f"delivery image build: {layer.title}"}
