"""Objects of Kubernetes as they are rendered, and ways to find one's way among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]
PART = "delivery/part"  # the label that says which part an object belongs to
RELEASE = "delivery/release"  # the label of what belongs to one release


@dataclass(frozen=True, slots=True)
class Manifests:
    """All of one environment with one release: what a person with more rights applies, what
    `delivery` applies for the release and, in a canary, to divide clients, and the route, which
    `delivery` alone writes."""

    environment: Sequence[Object]
    release: Sequence[Object]
    route: Object
    divider: Sequence[Object] = ()

    @property
    def all(self) -> Sequence[Object]:
        return [*self.environment, *self.release, *self.divider, self.route]

    def of(self, *kinds: str) -> Sequence[Object]:
        """The objects of these kinds."""
        return [each for each in self.all if each["kind"] in kinds]

    @property
    def namespace(self) -> str:
        """Where everything of it lies."""
        return str(self.route["metadata"]["namespace"])


def named(found: Object) -> str:
    """`Deployment/r-0123456789ab`."""
    return f"{found['kind']}/{found['metadata']['name']}"


def at(found: Any, *path: str | int) -> Any:
    """What lies at the path; None where there is nothing."""
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def strings(found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each string in it with the path of its place: `spec.template.spec.containers.0.image`."""
    if isinstance(found, str):
        yield path.removeprefix("."), found
    elif isinstance(found, Mapping):
        for key, value in found.items():
            yield from strings(value, f"{path}.{key}")
    elif isinstance(found, Sequence):
        for number, value in enumerate(found):
            yield from strings(value, f"{path}.{number}")
