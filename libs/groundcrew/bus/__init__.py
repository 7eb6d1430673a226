"""Messages between services: JetStream in production, the shipped memory bus in replay and tests (contract: `port`)."""
