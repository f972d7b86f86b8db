"""Teach skl2onnx what it does not know by itself: LightGBM, XGBoost, and scikit-learn's newest
trees."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common import _registration as registered
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

Converter = Callable[[Any, Any, Any], None]
CLASSIFIER = {"nocl": [True, False], "zipmap": [True, False, "columns"]}


@cache
def register() -> None:
    """Register the converters, once; those of libraries that are installed."""
    _histogram_trees()
    with suppress(ImportError):
        _lightgbm()
    with suppress(ImportError):
        _xgboost()


def _lightgbm() -> None:
    from lightgbm import LGBMClassifier, LGBMRegressor
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

    _boosted(LGBMClassifier, LGBMRegressor, convert_lightgbm, {"split": None})


def _xgboost() -> None:
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from xgboost import XGBClassifier, XGBRegressor

    _boosted(XGBClassifier, XGBRegressor, convert_xgboost, None)


def _boosted(
    classifier: type, regressor: type, convert: Converter, options: dict[str, Any] | None
) -> None:
    """Register the pair of scikit-learn's estimators that a library of boosted trees has."""
    for kind, shapes, allowed in (
        (classifier, calculate_linear_classifier_output_shapes, CLASSIFIER),
        (regressor, calculate_linear_regressor_output_shapes, options),
    ):
        alias = f"{kind.__module__.partition('.')[0]}{kind.__name__}"
        update_registered_converter(kind, alias, shapes, convert, options=allowed)


class _PlainNumbers:
    """A converter's container whose nodes get Python numbers.

    scikit-learn 1.9 counts tree nodes in numpy's uint32 and marks them with booleans; onnx 1.23
    refuses both as attributes.
    """

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, kind: str, inputs: Any, outputs: Any, **attributes: Any) -> None:
        plain = {
            name: value if name.endswith("_as_tensor") else _plain(value)
            for name, value in attributes.items()
        }
        self._container.add_node(kind, inputs, outputs, **plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return int(value) if isinstance(value, bool) else value


def _histogram_trees() -> None:
    for kind, alias, shapes, options in (
        (
            HistGradientBoostingClassifier,
            "SklearnHistGradientBoostingClassifier",
            calculate_linear_classifier_output_shapes,
            CLASSIFIER | {"raw_scores": [True, False]},
        ),
        (
            HistGradientBoostingRegressor,
            "SklearnHistGradientBoostingRegressor",
            calculate_linear_regressor_output_shapes,
            None,
        ),
    ):
        convert = _plainly(registered.get_converter(alias))
        update_registered_converter(kind, alias, shapes, convert, options=options)


def _plainly(known: Converter) -> Converter:
    def convert(scope: Any, operator: Any, container: Any) -> None:
        known(scope, operator, _PlainNumbers(container))

    return convert
