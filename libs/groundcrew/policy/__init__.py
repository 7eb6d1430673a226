"""What may be done, by whom, how often: pure decisions, no input or output, no clock of its own."""
