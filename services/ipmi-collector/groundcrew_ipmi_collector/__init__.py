"""The ipmi-collector: event logs, sensors and chassis states of BMCs."""
