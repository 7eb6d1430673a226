"""Structured logs and Prometheus metrics. Loggers and registries are made here and handed in; nothing is global."""
