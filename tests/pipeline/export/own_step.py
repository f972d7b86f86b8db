"""A model with a step of its own, which no converter knows."""

OWN_STEP = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.datasets import load_breast_cancer

class Squared(TransformerMixin, BaseEstimator):
    def fit(self, rows, labels=None): return self
    def transform(self, rows): return rows ** 2

def load(settings):
    frame = load_breast_cancer(as_frame=True).frame
    frame["malignant"] = frame.pop("target") == 0
    return frame.assign(patient=frame.index)

def fit(train, validation, settings):
    model = make_pipeline(Squared(), LogisticRegression(max_iter=50, tol=1e3))
    return model.fit(train[list(settings.features)], train[settings.label])
"""
