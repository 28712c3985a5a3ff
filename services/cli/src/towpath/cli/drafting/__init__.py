"""A first objective: from flags or answers to a commented file that `towpath objective check` accepts."""

from towpath.cli.drafting.draft import Draft, possible_costs, with_cost
from towpath.cli.drafting.text import as_yaml

__all__ = ["Draft", "as_yaml", "possible_costs", "with_cost"]
