"""One module per command. Each returns a frozen result; `delivery.cli` renders it."""
