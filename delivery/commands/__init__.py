"""What each command does, one file a verb. Each returns a frozen result; `cli` shows it."""
