"""What the data report says of each check: its name, what it means, what to do about it."""

from __future__ import annotations

__all__ = ["ABOUT", "METHOD", "OVERLAP"]

ABOUT: dict[str, tuple[str, str]] = {
    "documents": (
        "Documents",
        "Fewer documents than the objective wants teach a model little.",
    ),
    "classes": (
        "Documents of each class",
        "A class of which there is hardly an example is not learned. Label more of it.",
    ),
    "class-balance": (
        "Balance of classes",
        "How many documents of the largest class there are for one of the smallest.",
    ),
    "schema": (
        "Rows",
        "Each row needs an id, a text, and a label that the objective knows. Mend the export, or drop them.",
    ),
    "length": (
        "Length",
        "Texts that are too short say nothing; those that are too long are left out of training.",
    ),
    "encoding": (
        "Encoding",
        "Texts that something on their way has damaged: the model reads u2019 where people read an apostrophe. "
        "Mend the export that made them (ftfy repairs mojibake, html.unescape entities), then ingest again.",
    ),
    "language": (
        "Language",
        "As fastText's small model tells it. Of fewer than 20 letters it is not asked, and of short, mixed or "
        "misspelt texts it tells many wrong: look at the sample before believing the share.",
    ),
    "personal-data": (
        "Personal data",
        "E-mail addresses, phone numbers and card numbers that pass their check digit. Names and postal addresses"
        " are not looked for. contract.dataQuality.personalData says whether they are masked. Masked here.",
    ),
    "ids": (
        "Ids",
        "A document whose id came before is the same document to everything after this: only one is kept.",
    ),
    "duplicates": (
        "Duplicates",
        "The same text again, whatever its case and spacing. Copies weigh twice in training and in figures.",
    ),
    "near-duplicates": (
        "Near duplicates",
        "Texts whose runs of three words overlap by the limit's similarity or more, estimated by MinHash. Links, "
        "punctuation and escapes do not count.",
    ),
    "leakage": (
        "Leakage",
        "Test documents that training has seen, word for word or nearly: they make a model look better than it "
        "is. Take them out of one side.",
    ),
    "conflicts": (
        "Conflicting labels",
        "The same text under different labels: at least one is wrong, or the guide leaves it open.",
    ),
    "staleness": (
        "Age",
        "How long ago the newest document was made.",
    ),
    "skew-lengths": (
        "Skew of lengths",
        "How far lengths are from those of the reference: what is served, or was trained on.",
    ),
    "skew-languages": (
        "Skew of languages",
        "How far languages are from those of the reference.",
    ),
    "skew-words": (
        "Skew of words",
        "How far the frequent words are from those of the reference.",
    ),
    "label-issues": (
        "Suspicious labels",
        "Labels that a classifier trained on the others disagrees with (confident learning). Candidates for a "
        "second look, not the truth.",
    ),
    "outliers": (
        "Outliers",
        "Documents far from all others by their embeddings: another topic, or no text at all.",
    ),
    "twins": (
        "Twins by meaning",
        "Documents whose embeddings are nearly the same.",
    ),
}
OVERLAP = (
    "How many of a row's documents are, word for word or nearly, also in a column's; repetitions within itself where "
    "both are the same."
)
METHOD = (
    "Rows are checked with pandera; mojibake is what ftfy's heuristic takes for it; languages are told by fastText's "
    "small model; phone numbers by libphonenumber's rules, card numbers by the digits that issuers use and Luhn's "
    "check digit. Near duplicates are found with MinHash (96 hashes, 16 bands) over runs of three words: of two texts"
    " with a similarity of 0.8 one is found in 99 of 100 cases to be worth comparing, and the estimate is off by 0.04"
    " (one standard deviation). Skew is the population stability index, less what chance alone gives. Samples are "
    "spread over what was found, and personal data in them are masked. Limits are the objective's "
    "(contract.dataQuality)."
)
