"""What is known of the memory of one process: mappings, modules, stacks, heaps."""
