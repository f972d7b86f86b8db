"""The local target's own scenarios, on a container engine."""

from __future__ import annotations

from functools import partial

import pytest

from delivery.bento.bento import Bento
from tests.delivery.targets.local import test_runtime
from tests.delivery.targets.local.routing import test_router
from tests.delivery.targets.local.routing.test_router import (  # noqa: F401 - collected here
    divided,
    test_a_client_stays_unless_its_slot_moves,
    test_a_client_without_the_header_is_known_by_a_cookie,
    test_a_refresh_starts_nothing_that_runs,
    test_a_shift_is_in_force_when_it_returns,
    test_an_empty_route_is_closed,
    test_an_old_connection_follows_the_shift,
    test_shares_are_kept_exactly_and_zero_is_none,
    test_what_happened_to_each_request_is_written_down,
)
from tests.delivery.targets.local.test_runtime import (  # noqa: F401 - collected here
    test_a_release_that_runs_is_adopted,
    test_a_release_with_traffic_is_not_retired,
    test_a_started_release_gets_no_traffic_until_it_is_shifted,
)
from tests.images.placed import Dock

pytestmark = pytest.mark.images


@pytest.fixture(autouse=True)
def from_an_image(monkeypatch: pytest.MonkeyPatch, docked: Dock) -> None:
    """What a release is here; there it is a folder."""
    for module in (test_router, test_runtime):
        monkeypatch.setattr(module, "Bento", partial(Bento, image=str(docked.service)))
