"""The hybrid-coordinator: the only one that talks to models; it remembers, caches and routes."""
