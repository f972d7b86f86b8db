"""A target is a runtime, a router and orders; a double of it is in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from delivery.targets.orders import Orders
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
    Target(*halves, Place("staging"), Capabilities(lasting=True)).stop()  # type: ignore[arg-type]
    assert stopped == ["router", "runtime"]


def test_a_place_in_memory_is_all_of_it() -> None:
    place = Place("staging", capabilities=Capabilities(lasting=False))
    runtime: Runtime = place
    router: Router = place
    orders: Orders = place
    assert (place.target.runtime, place.target.router) == (runtime, router)
    assert place.target.orders is orders
    assert not place.target.capabilities.lasting


def test_what_a_target_lacks_is_named() -> None:
    lacks = Capabilities(lasting=True, sticky=True).lacks(["sticky", "shares", "records"])
    assert lacks == ["shares", "records"]
