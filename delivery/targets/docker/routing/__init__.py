"""The router of an environment: Traefik in a container, and the lease of a candidate."""
