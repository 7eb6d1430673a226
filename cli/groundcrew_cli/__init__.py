"""The `groundcrew` command."""
