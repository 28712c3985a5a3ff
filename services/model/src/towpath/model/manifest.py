"""The bundle's manifest: what is in the folder, by hash, where it comes from, and how it is called."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = ["FORMAT", "FileEntry", "Int8Choice", "Lineage", "Manifest", "Tensor"]

FORMAT: Literal["towpath-bundle/1"] = "towpath-bundle/1"
# No separators, no leading dot: a name in a manifest can point nowhere but into its own folder.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileEntry(_Part):
    sha256: Sha256
    size: int = Field(ge=0, description="bytes")


class Tensor(_Part):
    """One input or output of the graph; -1 is a dimension that varies."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Lineage(_Part):
    """What the model was made of. Which run made it stands in its release: two runs may make the same model."""

    snapshot_id: str = ""
    objective_hash: str = ""
    code_revision: str = ""
    encoder: str = Field("", description="name and content hash of the sentence encoder")


class Int8Choice(_Part):
    """Why the graph is in eight-bit integers, or is not: what was measured where it was trained.

    Costs are in the objective's unit a document, on documents that nothing was fitted to but the temperature.
    """

    chosen: Literal["fp32", "int8"]
    explanation: str
    documents: int = Field(ge=0)
    fp32_cost: float
    int8_cost: float
    upper: float = Field(description="confidence bound of int8_cost - fp32_cost")
    margin: float = Field(description="the most that it may be")
    confidence: float
    speed: float = Field(description="processor time of fp32 / that of int8: median of interleaved pairs")


class Manifest(_Part):
    format: Literal["towpath-bundle/1"]
    name: str
    task: Literal["text-classification"]
    classes: tuple[str, ...] = Field(min_length=2)
    max_tokens: int = Field(ge=3, le=8192, description="longer texts are cut off there")
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    files: dict[FileName, FileEntry]
    lineage: Lineage
    metrics: dict[str, float]
    calibration: dict[str, float] = Field(description="how probabilities were calibrated, and how well")
    monitoring_reference: dict[str, list[float]] = Field(description="distributions that live data are held against")
    int8: Int8Choice | None = Field(None, description="absent where the objective did not ask for the choice")
