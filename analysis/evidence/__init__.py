"""Evidence of four kinds: T (text), P (off-stage probes), J (a judge), L (log-probabilities)."""
