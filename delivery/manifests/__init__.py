"""What Kubernetes is told about an environment: rendered by kustomize, and held to rules."""
