"""How each kind of file system is made to forget what was deleted: one file each."""
