"""The fork's package is imported, or the message says what it lacks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.errors import PipelineError
from pipeline.trained.user_model import user_model
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]


def test_a_model_with_load_and_fit_is_taken(workspace: Make) -> None:
    workspace("minimal")
    assert callable(user_model().fit)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nowhere", "'nowhere' is a library, add it"),
        ("def fit(): ...", "no function `load`"),
        ("def load(): ...", "no function `fit`"),
        ("def load(): ...\nfit = 7", "no function `fit`"),
    ],
)
def test_a_model_that_lacks_something_says_what(workspace: Make, code: str, message: str) -> None:
    workspace("minimal").write_model(code)
    with pytest.raises(PipelineError, match=message):
        user_model()
