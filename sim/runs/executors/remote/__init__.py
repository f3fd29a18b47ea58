"""Playing trials in another process, whatever carries the messages: the two ends of the line."""
