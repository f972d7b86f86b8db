"""The `delivery` command: find the checkout that this folder is in and run the code it holds.

`make setup` installs this file as `.venv/bin/delivery`.
"""

import sys
from pathlib import Path

here = Path.cwd()
for folder in (here, *here.parents):
    if (folder / "delivery.yaml").is_file() and (folder / "delivery").is_dir():
        break
else:
    sys.stderr.write(
        f"error: {here} is not inside a model delivery repository: neither it nor a folder above "
        "holds delivery.yaml. `cd` into your checkout and run the command again.\n"
    )
    sys.exit(2)

sys.path[0] = str(folder)

from delivery.cli.main import main  # noqa: E402  (the checkout has to be found first)

sys.exit(main())
