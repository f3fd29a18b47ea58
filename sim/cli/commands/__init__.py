"""The subcommands: one file each, with the name of the command."""
