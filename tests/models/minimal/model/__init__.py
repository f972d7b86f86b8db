"""Is a tumour malignant? The smallest model that goes through the whole loop."""

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def load(settings):
    frame = load_breast_cancer(as_frame=True).frame
    frame["malignant"] = frame.pop("target") == 0
    frame["patient"] = frame.index.map("patient-{:03}".format)
    return frame


def fit(train, validation, settings):
    model = make_pipeline(StandardScaler(), LogisticRegression(**settings.own))
    return model.fit(train[list(settings.features)], train[settings.label])
