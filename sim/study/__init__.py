"""Studies: playing and analysing joined."""
