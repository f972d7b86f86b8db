"""`python -m pipeline.sealed STAGE`: what dvc.yaml calls. `--again` before the stage is for a gate,
which compares what comes of it: MLflow is told nothing, and a stage that cannot be sealed stops."""

import sys

from pipeline.errors import PipelineError
from pipeline.sealed.launch import launch

*options, stage = sys.argv[1:]
try:
    code = launch(stage, again=options == ["--again"])
except PipelineError as error:
    print(f"{stage}: {error}", file=sys.stderr)
    code = error.exit_code
sys.exit(code)
