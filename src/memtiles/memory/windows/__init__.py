"""What Windows leaves in dumps of its kernel and of processes."""
