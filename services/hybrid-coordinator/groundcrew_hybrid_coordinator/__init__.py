"""The hybrid-coordinator service."""
