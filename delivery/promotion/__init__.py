"""Pull requests that change what an environment shall run, and whether a change is admitted."""
