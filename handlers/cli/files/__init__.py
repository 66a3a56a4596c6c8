"""Files that commands read, write and edit."""
