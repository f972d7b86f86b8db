"""Where pull requests live. `protocol` is what every forge can do; one module per forge."""
