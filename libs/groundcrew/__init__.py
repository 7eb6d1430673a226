"""Groundcrew's shared distribution: contracts, telemetry, bus, stores, diagnosis, policy, runtime.

A package never imports one that stands after it in that list; bus, stores, diagnosis and policy don't know each other.
"""

__version__ = "0.1.0"
