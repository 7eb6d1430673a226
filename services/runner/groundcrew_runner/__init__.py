"""Does what was granted, on its host, once; and reports what the probe found."""
