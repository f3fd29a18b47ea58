"""The frameworks that are measured, one a module, each in a process and environment of its own."""
