"""Tweets, and then snippets of films, products and news among them: who finds it, and how late."""
