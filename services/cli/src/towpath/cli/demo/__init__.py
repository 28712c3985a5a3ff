"""`towpath demo`: real tweets in, predictions out, over real Kafka."""
