"""Decides about proposed actions, keeps the queue and the audit log, and alone grants."""
