"""Images: one OCI image per release and base, made without a container engine, and looked into."""
