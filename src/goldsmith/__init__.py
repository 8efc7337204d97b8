"""Golden VM images from one recipe."""
