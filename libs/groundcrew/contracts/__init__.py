"""What crosses a process border: messages, subjects, streams, endpoints. Imports nothing else of Groundcrew."""
