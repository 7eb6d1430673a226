"""The commands: their arguments and their help. What each does is beside this folder, and imported when it runs."""
