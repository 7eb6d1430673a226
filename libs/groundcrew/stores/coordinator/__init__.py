"""What hybrid-coordinator keeps."""
