"""Files of the input as rows: where they are, what they hold, and their rows a window at a time."""
