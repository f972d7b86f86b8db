"""`python -m delivery`: the same as the `delivery` command."""

import sys

from delivery.cli.main import main

sys.exit(main())
