"""The host-collector service."""
