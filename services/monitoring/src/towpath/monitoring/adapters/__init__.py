"""What touches the outside."""
