"""SELinux labels: what the guest's own policy gives to its paths, and which paths lack it."""
