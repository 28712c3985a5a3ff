"""What an objective's costs imply, told: in the terminal, as a picture, as a page."""

from towpath.cli.explaining.explanation import Explanation, explain

__all__ = ["Explanation", "explain"]
