"""A target is a runtime and a router; the double that deployments are tried with is one as well."""

from __future__ import annotations

from dataclasses import dataclass, field

from delivery.targets.protocol import Capabilities, Router, Runtime, Target
from tests.delivery.place import Place


@dataclass
class Half:
    """Remembers in which order halves of a target were stopped."""

    name: str
    stopped: list[str] = field(default_factory=list)

    def stop(self) -> None:
        self.stopped.append(self.name)


def test_the_route_is_stopped_before_what_it_leads_to() -> None:
    stopped: list[str] = []
    halves = Half("runtime", stopped), Half("router", stopped)
    Target(*halves, Capabilities(lasting=True)).stop()  # type: ignore[arg-type]
    assert stopped == ["router", "runtime"]


def test_a_place_in_memory_is_both_halves() -> None:
    place = Place("staging", lasting=False)
    runtime: Runtime = place
    router: Router = place
    assert (place.target.runtime, place.target.router) == (runtime, router)
    assert not place.target.capabilities.lasting
