"""The action queue, its tickets, and the append-only audit log. Owner: the actions service."""
