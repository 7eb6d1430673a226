"""Model files: which ones there are to choose from, fetching them, and the folder that the model servers read."""
