"""The speed of delivery beside its peers and its floors, in paired, interleaved runs on this machine.

    make bench BENCH=delivery ARGS="--tweets FOLDER"

writes docs/benchmarks.md, docs/benchmarks.json and pictures. It refuses to run on a busy machine. A run that was ended
goes on where it was (--fresh begins anew); --only GROUP measures some, --quick only shows that it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.delivery.groups import GROUPS
from benchmarks.delivery.machine import described
from benchmarks.delivery.place import ROOT, Place, Scale, build_bundles, texts_of
from benchmarks.delivery.profile import profile
from benchmarks.delivery.quiet import BusyError, busy_share, check_quiet
from benchmarks.delivery.report import write
from benchmarks.delivery.rounds import Kept, measure
from towpath.cli.local import LocalKafka

BEGIN = time.monotonic()


def tell(line: str) -> None:
    print(f"{time.monotonic() - BEGIN:7.1f} s  {line}", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "benchmarks.delivery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tweets", type=Path, help="SemEval-2017's files; without them, vaderSentiment's 4,200 tweets")
    parser.add_argument("--only", action="append", choices=sorted(GROUPS), help="measure these; may be said again")
    parser.add_argument("--pairs", type=int, help="rounds of each figure (5)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of inference, for everybody")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round: to see that it runs")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine; the report says so")
    parser.add_argument(
        "--profile", action="store_true", help="see where the worker's time goes, for the report; measure nothing"
    )
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "bench", help="rounds, bundles, logs")
    parser.add_argument("-o", "--output", type=Path, help="the report's folder: docs, unless --quick")
    return parser.parse_args()


def look(arguments: argparse.Namespace, kept: Kept, beside: int | None = None) -> None:
    """Whether one may measure now: nobody else works here, but the process `beside`.

    Raises:
        BusyError: one may not, and --anyway was not said.
    """
    try:
        check_quiet(partial(busy_share, beside))
    except BusyError:
        if not arguments.anyway:
            raise
        kept.busy = True


def main() -> int:
    arguments = parsed()
    scale = Scale.quick() if arguments.quick else Scale()
    scale = replace(scale, pairs=arguments.pairs or scale.pairs)
    arguments.work.mkdir(parents=True, exist_ok=True)
    texts = texts_of(arguments.tweets)
    output = arguments.output or (arguments.work / "quick" if arguments.quick else ROOT / "docs")
    about = described(texts, scale, arguments.threads, of_semeval=arguments.tweets is not None)
    kept = Kept.open(arguments.work, about, fresh=arguments.fresh)
    if not arguments.profile:
        look(arguments, kept)
    with (
        tempfile.TemporaryDirectory(dir=arguments.work) as folder,
        LocalKafka(Path(folder), long_running=True) as kafka,
    ):
        bundles = build_bundles(arguments.work, texts)
        place = Place(arguments.work, kafka, *bundles, texts, scale, tell, arguments.threads)
        if arguments.profile:
            kept.profile = profile(place)
            kept.save()
        else:
            for key in arguments.only or GROUPS:
                look(arguments, kept, kafka.pid)
                measure(GROUPS[key], place, kept, scale.pairs)
    figures = [each for key, group in GROUPS.items() if key in kept.groups for each in group.figures(kept.rounds(key))]
    write(output, figures, kept)
    for each in figures:
        tell(f"{each.title}: {each.ratio:.3g}" + ("" if each.bar is None else f" ({each.bar})"))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BusyError as refusal:
        print(f"not measured: {refusal}. What was measured before is kept: run again to go on", file=sys.stderr)
        sys.exit(1)
