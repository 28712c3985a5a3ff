"""What is different in the last documents, told: figures from monitoring, words from the documents themselves."""

from towpath.cli.windows.figures import report_of
from towpath.cli.windows.texts import said, texts_of
from towpath.cli.windows.words import Word, changed

__all__ = ["Word", "changed", "report_of", "said", "texts_of"]
