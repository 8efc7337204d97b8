"""The distributions, one file for each family; a file lists its releases in DISTROS."""
