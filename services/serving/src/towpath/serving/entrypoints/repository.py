"""KServe's view of the models: what the slot holds, under the name of its release, and nothing to load or unload."""

from __future__ import annotations

from typing import Any

from kserve.errors import InvalidInput, ModelNotFound
from kserve.model_repository import ModelRepository
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from towpath.serving.domain.slot import ModelSlot
from towpath.serving.entrypoints.endpoint import TextModel

__all__ = ["FixedRepository", "SlotDataPlane", "SlotRepository"]


class SlotRepository(ModelRepository):  # type: ignore[misc]
    """One model: `name`, or whatever the release is called."""

    def __init__(self, model: TextModel, slot: ModelSlot, name: str | None) -> None:
        super().__init__()
        self._model, self._slot, self._name = model, slot, name

    def get_models(self) -> dict[str, TextModel]:
        serving = self._slot.get()
        name = self._name or (serving and serving.release.model_name)
        return {name: self._model} if name else {}

    def get_model(self, name: str) -> TextModel | None:
        # Before the first release no name is wrong: the answer is "not ready", which clients try again.
        return self.get_models().get(name) if self.get_models() else self._model

    def check(self, name: str, version: str | None) -> None:
        """Raises ModelNotFound unless `name` is the model's, or may become it. Nobody chooses the version."""
        if self.get_model(name) is None:
            raise ModelNotFound(name)
        if version:
            # KServe puts "does not exist" behind it.
            raise ModelNotFound(f"{name} has one version at a time: ask without one. Version {version}")


class SlotDataPlane(DataPlane):  # type: ignore[misc]
    """KServe's own is ready before there is a model."""

    def __init__(self, registry: SlotRepository, slot: ModelSlot) -> None:
        super().__init__(model_registry=registry)
        self._slot = slot

    async def ready(self) -> bool:
        return self._slot.get() is not None

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "extensions": ["binary_tensor_data"]}


class FixedRepository(ModelRepositoryExtension):  # type: ignore[misc]
    """Refuses to load and unload: any caller could take the model away."""

    async def load(self, model_name: str) -> None:
        raise InvalidInput(f"{model_name!r} cannot be loaded here: models come from the models topic")

    async def unload(self, model_name: str) -> None:
        raise InvalidInput(f"{model_name!r} cannot be unloaded here: models come from the models topic")
