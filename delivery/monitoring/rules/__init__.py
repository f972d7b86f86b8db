"""Recording and alert rules for Prometheus, made of the section `monitoring:` of delivery.yaml."""
