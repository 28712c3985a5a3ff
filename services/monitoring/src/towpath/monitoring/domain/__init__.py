"""What monitoring computes. Drift gets a room of its own here, `domain/drift`, when it comes."""
