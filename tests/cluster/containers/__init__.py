"""A node with a kubelet and containers, and what only it shows: `make test-cluster NODE=1`."""
