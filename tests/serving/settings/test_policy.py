"""The guarding part of the settings refuses what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serving.settings.policy import Compute


@pytest.mark.parametrize("wrong", [{"providers": []}, {"providers": ["tpu"]}, {"threads": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Compute.model_validate(wrong)
