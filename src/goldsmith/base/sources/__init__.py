"""The ways a recipe can name its base, one file each."""
