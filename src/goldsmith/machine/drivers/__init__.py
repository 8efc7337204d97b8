"""The drivers, by name."""
