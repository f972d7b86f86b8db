from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from pipeline.data.io import RAW
from pipeline.errors import PipelineError
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]
FIT = "\ndef fit(train, validation, settings): ...\n"


def refused(place: Workspace, model: str, **changes: object) -> str:
    place.write_model(model)
    with pytest.raises(PipelineError) as error:
        place.run("ingest", **changes)
    assert not RAW.exists(), "nothing half-written"
    assert "dvc repro" in str(error.value)
    return str(error.value)


def test_it_keeps_what_load_returns(workspace: Make) -> None:
    workspace().run("ingest")
    assert len(pd.read_parquet(RAW)) == 569


def test_load_sees_its_own_settings_and_nothing_else(workspace: Make) -> None:
    place = workspace("temporal")
    place.run("ingest", data__until="2024-03", model__load={"shops": 2})
    assert len(pd.read_parquet(RAW)) == 2 * (31 + 29 + 31)


def test_a_library_that_is_not_installed(workspace: Make) -> None:
    message = refused(workspace(), "import no_such_library\n")
    assert "no_such_library" in message
    assert "model/requirements.in" in message
    assert "make lock" in message


def test_a_missing_function(workspace: Make) -> None:
    assert "no function `load`" in refused(workspace(), FIT)


def test_a_missing_data_file(workspace: Make) -> None:
    text = "import pandas as pd\ndef load(settings): return pd.read_csv('data/no.csv')" + FIT
    message = refused(workspace(), text)
    assert "data/no.csv" in message
    assert "data.sources" in message


@pytest.mark.parametrize(
    ("returned", "found"),
    [
        ("None", "NoneType"),
        ("pd.DataFrame()", "no rows"),
        ("pd.DataFrame({'malignant': [1]})", "patient"),
        ("pd.DataFrame([[1, 2]], columns=['a', 'a'])", "['a']"),
        ("pd.DataFrame({'malignant': [1, 0], 'patient': [1, 2], 'x': ['a', 1]})", "int and str"),
    ],
)
def test_what_load_returns_is_checked(workspace: Make, returned: str, found: str) -> None:
    text = f"import pandas as pd\ndef load(settings): return {returned}" + FIT
    assert found in refused(workspace(), text)
