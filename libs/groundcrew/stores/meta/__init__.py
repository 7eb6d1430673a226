"""Conversations of people with meta, and the analyses of incidents. Owner: the meta service."""
