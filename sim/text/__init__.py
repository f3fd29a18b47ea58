"""What can be read off a text, whoever wrote it: names that it addresses, claims that it cites."""
