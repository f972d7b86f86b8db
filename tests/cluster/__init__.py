"""What is proven on a real API server: `make test-cluster`. docs/kubernetes.md explains it."""
