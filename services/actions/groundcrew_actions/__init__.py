"""The actions service."""
