"""Files that an operator has at hand, told to the production handlers: what `groundcrew diagnose` runs."""
