"""What watches a running model: rules and dashboards for Prometheus and Grafana."""
