"""Fine-tuning a whole encoder, on processors, with JAX. Needs the extra `towpath-model[finetune]`; nothing that serves
or trains a head does.

What comes out is a folder like the one that went in, so that the graph that serves, and its cost a document, are as
they were.
"""

from towpath.model.finetune.examples import Examples
from towpath.model.finetune.settings import Settings
from towpath.model.finetune.training import Progress, Tuned, fine_tune

__all__ = ["Examples", "Progress", "Settings", "Tuned", "fine_tune"]
