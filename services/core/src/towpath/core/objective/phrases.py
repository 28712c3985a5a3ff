"""What a business reader calls the keys of an objective."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["CANVAS", "SUBJECTS", "humanised", "said"]

CANVAS = {
    "value_proposition": "Value proposition",
    "ml_task": "ML task",
    "decisions": "Decisions",
    "making_predictions": "Making predictions",
    "data_sources": "Data sources",
    "collecting_data": "Collecting data",
    "features": "Features",
    "building_models": "Building models",
    "offline_evaluation": "Offline evaluation",
    "live_evaluation": "Live evaluation and monitoring",
}

SUBJECTS = {
    "task.grades": "the rule that makes a class of a mean grade",
    "task.grades.min": "the lowest grade",
    "task.grades.max": "the highest grade",
    "task.grades.otherwise": "the class of grades that no bound takes",
    "task.results": "the number of results that a query is shown",
    "labels.guide": "the labelling guide",
    "labels.minRatersPerDocument": "the number of raters that a document needs",
    "labels.agreement.scale": "the scale on which raters are compared",
    "labels.agreement.floor": "the agreement floor",
    "labels.agreement.confidence": "the confidence with which raters must agree",
    "labels.agreement.bootstrapSamples": "the number of resamples behind the bound of the agreement",
    "labels.review.queueShare": "the share of documents whose labels are suspected and get a second look",
    "labels.review.minReviewedShare": "the share of the review queue that must be worked off before a release",
    "labels.evaluationShare": "the share of what is labelled next that is drawn at random",
    "dataQuality.minDocumentChars": "the shortest document that is taken, in characters,",
    "dataQuality.maxDocumentChars": "the longest document that is taken, in characters,",
    "dataQuality.minDocuments": "the number of labelled documents that training needs",
    "dataQuality.minDocumentsPerClass": "the number of labelled documents that each class needs",
    "dataQuality.maxClassImbalance": "the limit on how much larger than the smallest class the largest may be",
    "dataQuality.languages": "the list of languages",
    "dataQuality.maxOtherLanguageShare": "the limit on documents in other languages",
    "dataQuality.maxMojibakeShare": "the limit on wrongly decoded texts",
    "dataQuality.maxDuplicateShare": "the limit on duplicates",
    "dataQuality.nearDuplicateSimilarity": "the similarity from which two texts are near duplicates",
    "dataQuality.maxNearDuplicateShare": "the limit on near duplicates",
    "dataQuality.maxLeakageShare": "the limit on test documents that are in training, too,",
    "dataQuality.maxConflictShare": "the limit on equal texts with different labels",
    "dataQuality.personalData.lookFor": "the list of personal data that is looked for",
    "dataQuality.personalData.action": "what is done with personal data",
    "dataQuality.personalData.region": "the region of phone numbers without a country code",
    "dataQuality.maxAge": "the greatest age of the newest document",
    "dataQuality.maxSkew": "the limit on the skew between training and serving",
    "readiness.metric": "the metric of the gate",
    "readiness.confidence": "the confidence that the gate asks for",
    "readiness.margin": "the saving that a release must promise, a document,",
    "readiness.baselines": "the list of what a first model must beat",
    "readiness.minTestDocuments": "the number of test documents that the gate needs",
    "readiness.bootstrapSamples": "the number of resamples behind the bound of the gate",
    "monitoring.falseAlarms.budget": "the number of false alarms that a period may have",
    "monitoring.falseAlarms.period": "the period of the false alarm budget",
    "retraining.newAnnotatedDocuments": "the number of newly annotated documents that start a training",
    "retraining.causes": "the list of causes of alerts that may start a training",
    "retraining.runCost": "what a training costs",
    "retraining.expectedDocuments": "the number of documents that an alert's cost is counted over",
    "retraining.minNewDocuments": "the number of newly annotated documents that an alert needs to start a training",
    "retraining.cooldown": "the pause after a training that started by itself",
    "retraining.every": "the longest time between trainings",
    "retraining.maxFailures": "the number of trainings without a release after which a person is asked",
    "retraining.maxRunTime": "the time after which a training is given up",
    "retraining.window": "the age of the oldest document that is trained on",
    "retraining.halfLife": "the age at which a label counts half",
    "behaviour": "the suite of behaviour tests",
    "behaviour.seed": "the seed of the behaviour tests",
    "delivery.longDocuments": "what is done with documents longer than the model reads",
    "delivery.int8": "an int8 graph",
    "delivery.int8.margin": "what an int8 graph may make a document dearer by",
    "delivery.int8.confidence": "the confidence that an int8 graph is no dearer",
    "delivery.rollout.start": "how a release that passed the gate starts",
    "delivery.rollout.share": "the share of documents that a canary answers",
    "delivery.rollout.confidence": "the confidence that a promotion asks for",
    "delivery.rollout.margin": "what a promoted release may make a document dearer by",
    "delivery.rollout.minDocuments": "the number of documents with feedback before a rollout is decided",
    "delivery.rollout.maxDocuments": "the number of documents with feedback after which a rollout is given up",
    "delivery.online": "the learning head",
    "delivery.online.confidence": "the confidence that the learning head is cheaper",
    "delivery.online.minFeedback": "the number of documents with feedback before the learning head may take over",
    "delivery.online.publishEvery": "the number of documents with feedback between releases of the learning head",
    "delivery.online.learningRate": "the learning rate of the learning head",
}


def humanised(path: str) -> str:
    """A path that has no words of its own: names of classes are in it."""
    section, _, rest = path.partition(".")
    if path.startswith("labels.renamed."):
        return f"the class that annotations of “{path.removeprefix('labels.renamed.')}” count as"
    if path.startswith("task.grades."):
        name, _, bound = path.removeprefix("task.grades.").rpartition(".")
        return f"the {'highest' if bound == 'atMost' else 'lowest'} mean grade of {name}"
    if path.startswith("behaviour.lexicons."):
        return f"the list of words “{path.removeprefix('behaviour.lexicons.')}” of the behaviour tests"
    if path.startswith("behaviour.tests."):
        name, _, key = path.removeprefix("behaviour.tests.").partition(".")
        return f"of the behaviour test “{name}”, {_words(key)}"
    return f"{_words(section)}: {_words(rest)}"


def said(value: Any) -> str:
    """A value as it would be written on paper."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(said, value)) or "empty"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _words(key: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: f" {found[0].lower()}", key).replace(".", ", ")
