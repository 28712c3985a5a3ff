"""An objective that a few hundred made-up documents fulfil, in seconds."""

CATS_OR_DOGS = """
version: 1
name: cats-or-dogs
canvas: {valueProposition: v, mlTask: m, decisions: d, makingPredictions: m, dataSources: d, collectingData: c,
  features: f, buildingModels: b, offlineEvaluation: o, liveEvaluation: l}
contract:
  task: {kind: text-classification, classes: [cat, dog]}
  costs: {unit: EUR, matrix: {cat: {cat: 0, dog: 1}, dog: {cat: 1, dog: 0}}}
  dataQuality: {minDocuments: 100, minDocumentsPerClass: 20}
  readiness: {baselines: [majority], minTestDocuments: 30, bootstrapSamples: 500}
"""
