"""What the service says about itself to clients: OpenAPI and JSON schemas."""
