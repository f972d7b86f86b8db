"""A mirror copies a percentage of the predictions."""

from __future__ import annotations

import pytest

from delivery.targets.mirror import Mirror


@pytest.mark.parametrize("share", [0, 1, 100])
def test_a_share_is_a_percentage(share: int) -> None:
    assert Mirror("a" * 40, 1, "r-one", "r-two", share).share == share


@pytest.mark.parametrize("share", [-1, 101])
def test_another_share_is_a_bug(share: int) -> None:
    with pytest.raises(ValueError, match=f"0 to 100 percent, not {share}"):
        Mirror("a" * 40, 1, "r-one", "r-two", share)
