"""One module for each framework that is measured; each runs in a process and environment of its own."""
