"""Alarms on the stream: what documents are like now against those that a release was judged on."""
