"""Metrics for Prometheus: their definitions, where they are recorded, and the page that Prometheus reads."""
