"""The Kubernetes target: a Deployment for each release, behind a route of the Gateway API."""
