"""Where releases run. `protocol` is what every target can do; one module per target."""
