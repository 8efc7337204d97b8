"""The verbs for images and trees that goldsmith did not build."""
