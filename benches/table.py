#!/usr/bin/env python3
"""Runs the benches with the profile `published` and writes benches/RESULTS.md: for each processor, a table with
the ratios of ours to the best peer and to the limit, one with the ratios to every peer, and one with the cost of
many concurrent sessions. A run replaces the section of its processor, keeps the others, and draws the figures.

    benches/table.py [--no-bench]

With --no-bench it uses the estimates of its last run. It never uses those of a plain `cargo bench`, whose
profile is optimised less: they are in another directory.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
ESTIMATES = TARGET / "criterion-published"
BENCH = ["cargo", "bench", "--profile", "published", "--locked", "-p", "smtp-benches"]
SCALE = ["cargo", "run", "--quiet", "--profile", "published", "--locked", "-p", "smtp-benches", "--bin", "scale"]
# Lower limits for content encoders, and a session without a hang-up to compare with one that has it.
LIMITS = ("memcpy", "memchr", "plain")
GROUPS = (
    "reply_single",
    "reply_ehlo",
    "capabilities",
    "command_mail",
    "session",
    "dot_stuff",
    "reply_long",
    "retry",
)
# What RESULTS.md says about all processors.
INTRODUCTION = f"""# Results

`benches/table.py` measures, and writes the section of the processor that it runs on. A section shows the code of its
day, so do not compare one with another. Times are medians of one run.
Only the ratios carry over to other machines; below 1, ours is faster. `stalwart` is Stalwart's crate
that is also called smtp-proto. The limits are a bare copy and a bare search for line ends;
for `retry`, the limit is a session without a hang-up.

"Many sessions at once" is what `{' '.join(SCALE)}` prints:
every session delivers one message over a simulated network, in which one reply in a hundred is late
and one server in a hundred hangs up on EHLO. CPU time includes the simulated network and servers.
It grows because 1,000 sessions fit into a processor's second-level cache and 100,000 do not, so that
each visit to a session starts with cache misses.
"""


def read():
    """Returns {(group, case): {who: nanoseconds}}."""
    measured = {}
    for estimates in ESTIMATES.glob("**/new/estimates.json"):
        benchmark = json.loads((estimates.parent / "benchmark.json").read_text())
        estimate = json.loads(estimates.read_text())
        # The median, because other load on the machine distorts the mean.
        nanoseconds = estimate["median"]["point_estimate"]
        key = (benchmark["group_id"], benchmark["value_str"])
        measured.setdefault(key, {})[benchmark["function_id"]] = nanoseconds
    return measured


def time(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def ratio(nanoseconds, others):
    value = nanoseconds / others
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def split(times):
    """The times of one case without ours: those of the peers, and those of the limits."""
    peers = {who: taken for who, taken in times.items() if who != "ours" and who not in LIMITS}
    return peers, {who: taken for who, taken in times.items() if who in LIMITS}


def cases(measured):
    """The cases that have a time of ours, in the order of GROUPS: their group, name and times."""
    rank = {group: index for index, group in enumerate(GROUPS)}
    for group, case in sorted(measured, key=lambda key: (rank.get(key[0], len(rank)), key)):
        if "ours" in measured[group, case]:
            yield group, case, measured[group, case]


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines).replace(" --- ", "---")


def best(measured):
    """A table that compares ours with the best peer and the best limit of each case."""
    rows = []
    for group, case, times in cases(measured):
        cells = [group, case, time(times["ours"])]
        for others in split(times):
            if others:
                who = min(others, key=others.get)
                cells += [f"{who}, {time(others[who])}", ratio(times["ours"], others[who])]
            else:
                cells += ["-", "-"]
        rows.append(cells)
    return markdown(["group", "case", "ours", "best peer", "ours / best peer", "limit", "ours / limit"], rows)


def each(measured):
    """A table of the ratios of ours to every peer, for the cases that have peers."""
    compared = [(group, case, times["ours"], split(times)[0]) for group, case, times in cases(measured)]
    names = sorted({who for *_, peers in compared for who in peers})
    rows = [
        [group, case, *(ratio(ours, peers[who]) if who in peers else "-" for who in names)]
        for group, case, ours, peers in compared
        if peers
    ]
    return markdown(["group", "case", *(f"ours / {who}" for who in names)], rows)


def scale():
    """The cost of 1,000 to 100,000 concurrent sessions over a simulated network."""
    return subprocess.run(SCALE, cwd=HERE, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def processor():
    """The name of the processor. Clouds give many kinds the same name, so its model is added."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        lines = []
    facts = {key.strip(): value.strip() for key, colon, value in (line.partition(":") for line in lines) if colon}
    name = facts.get("model name") or platform.processor() or platform.machine()
    keys = {"vendor_id": "", "cpu family": "family ", "model": "model ", "stepping": "stepping "}
    details = [label + facts[key] for key, label in keys.items() if key in facts]
    return f"{name} ({', '.join(details)})" if details else name


def system():
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{os.cpu_count()} cores, {platform.system()}, {rustc}"


def machine():
    return f"{processor()}, {system()}"


def results(old, name, section):
    """The text of RESULTS.md with this section for the processor `name`, and the other sections of `old`."""
    sections = dict(re.findall(r"^## (.*)\n\n((?:(?!## ).*\n)*)", old, re.MULTILINE))
    sections[name] = section
    return INTRODUCTION + "".join(f"\n## {name}\n\n{sections[name].strip()}\n" for name in sorted(sections))


def main():
    parser = argparse.ArgumentParser(description="Runs the benches and writes benches/RESULTS.md.")
    parser.add_argument("--no-bench", action="store_true", help="use the estimates of the last run")
    if not parser.parse_args().no_bench:
        subprocess.run(BENCH, cwd=HERE, env=dict(os.environ, CRITERION_HOME=str(ESTIMATES.resolve())), check=True)
    measured = read()
    if not measured:
        raise SystemExit(f"no estimates under {ESTIMATES}: run benches/table.py without --no-bench")
    load = os.getloadavg()[2]
    section = (
        f"Measured on {datetime.date.today().isoformat()} on {system()}.\n"
        f"The machine's load average over 15 minutes was {load:.1f}.\n\n"
        f"{best(measured)}\n\n"
        f"### Each peer\n\n{each(measured)}\n\n"
        f"### Many sessions at once\n\n{scale()}\n"
    )
    print(section)
    RESULTS.write_text(results(RESULTS.read_text() if RESULTS.exists() else "", processor(), section))
    subprocess.run([sys.executable, HERE / "figures.py"], check=True)


if __name__ == "__main__":
    main()
