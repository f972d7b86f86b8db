"""`python -m pipeline.export`: the stage."""

from pipeline.data.io import run
from pipeline.export.stage import export

run(export)
