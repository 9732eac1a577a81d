"""Single files for other programs: pictures, flat memory, cuts for printing."""
