"""The files of docs/deploy/monitoring: Prometheus' rules and the dashboard for Grafana."""
