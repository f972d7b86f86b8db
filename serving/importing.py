"""Import the predictor of a model folder: the code of a fork, which may raise anything.

Apart from `serving.model.python_code`, since the pipeline imports it as well, to compare the code
that it exports with the model that it trained.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from serving.contract import PREDICTOR


def import_predictor(home: Path) -> ModuleType:
    """The package in `home`, anew. Raises whatever its code raises."""
    # Bytecode beside the code would be a file that the release does not have.
    sys.dont_write_bytecode = True
    file = home / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        PREDICTOR, file, submodule_search_locations=[str(home)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    for name in [name for name in sys.modules if name.partition(".")[0] == PREDICTOR]:
        del sys.modules[name]
    sys.modules[PREDICTOR] = module  # its own imports, relative or not, find it
    spec.loader.exec_module(module)
    return module


def one_line(error: Exception) -> str:
    """An error of somebody else's code, for a message."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
