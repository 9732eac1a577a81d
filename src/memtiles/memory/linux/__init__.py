"""How tools of Linux store the memory of a machine."""
