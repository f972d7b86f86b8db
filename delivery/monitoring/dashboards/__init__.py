"""Dashboards for Grafana, as JSON."""
