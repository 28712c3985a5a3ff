"""When to train by itself: what is known, what follows from it, and how it is told. Pure."""

from towpath.training.domain.retraining.facts import Facts, PastRun, Trouble
from towpath.training.domain.retraining.fates import Fates
from towpath.training.domain.retraining.plan import Call, Plan, Start, Told, Wait
from towpath.training.domain.retraining.policy import plan

__all__ = ["Call", "Facts", "Fates", "PastRun", "Plan", "Start", "Told", "Trouble", "Wait", "plan"]
