"""Output on a terminal: tables, transcripts, progress. Nothing here plays, reads or measures."""
