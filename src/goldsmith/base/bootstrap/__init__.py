"""Bases made from packages: a tree by mmdebstrap, then a bootable disk around it, all on plain files."""
