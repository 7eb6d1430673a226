"""From settings to a running service: settings, resources, health, run."""
