"""One module per command. Each returns a frozen result; `delivery.cli.main` renders it."""
