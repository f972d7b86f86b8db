"""The route of one environment: the HTTPRoute, and the Lease that says who may write it."""
