"""`python -m pipeline.sealed STAGE`: what dvc.yaml calls."""

import sys

from pipeline.errors import PipelineError
from pipeline.sealed.launch import launch

try:
    code = launch(sys.argv[1])
except PipelineError as error:
    print(f"{sys.argv[1]}: {error}", file=sys.stderr)
    code = error.exit_code
sys.exit(code)
