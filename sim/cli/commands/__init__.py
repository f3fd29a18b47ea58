"""The subcommands, one a file, each of the name of its command."""
