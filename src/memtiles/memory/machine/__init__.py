"""A whole machine: physical memory, and how its virtual memory is found."""
