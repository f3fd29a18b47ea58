"""Instruments, one kind a file: ours, functions, expressions, judges, Petri's and Scout's."""
