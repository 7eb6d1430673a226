"""Talking to models over the OpenAI protocol; only hybrid-coordinator does."""
