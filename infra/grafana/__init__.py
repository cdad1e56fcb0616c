"""Grafana's dashboards, made by `python -m infra.grafana`, and how it is told of them and of Prometheus."""
