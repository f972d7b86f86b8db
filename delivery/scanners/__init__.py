"""What looks for weaknesses in the checkout: one module per scanner, each `scan(root) → Scan`."""
