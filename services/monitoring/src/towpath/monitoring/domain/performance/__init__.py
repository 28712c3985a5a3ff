"""What predictions are worth: with feedback, without it, and whether it has become worse."""
