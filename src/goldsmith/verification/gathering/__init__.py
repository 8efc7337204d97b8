"""What is read of a clone beyond accounts and cloud-init's state, one file for each part."""
