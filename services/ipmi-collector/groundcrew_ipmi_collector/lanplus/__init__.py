"""IPMI 2.0 over LAN (RMCP+), spoken by ourselves."""
