"""API keys, sessions and login tokens: the gateway's own."""
