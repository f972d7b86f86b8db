"""An environment where files are scored and nothing runs."""
