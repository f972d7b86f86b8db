"""git: what `origin` says, and what is written without touching a person's work tree."""
