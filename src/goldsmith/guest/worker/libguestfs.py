LIBRARY = "libguestfs.so.0"
