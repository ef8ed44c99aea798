#!/usr/bin/env python3
"""Runs the benches with the profile `published`, and writes benches/RESULTS.md: one table of ratios, ours
over the best peer and ours over the limit; then what many sessions at once cost; and what all of it was
measured on. Prints both tables too.

    benches/table.py [--no-bench]

With --no-bench it takes the estimates of its last run. Those of a plain `cargo bench`, whose profile is
quick to build, lie elsewhere: they are never published.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
ESTIMATES = TARGET / "criterion-published"
BENCH = ["cargo", "bench", "--profile", "published", "--locked", "-p", "smtp-benches"]
SCALE = ["cargo", "run", "--quiet", "--profile", "published", "--locked", "-p", "smtp-benches", "--bin", "scale"]
# What no code of the kind gets under, and a session without a hang-up for one with it.
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


def read():
    """{(group, case): {who: nanoseconds}}"""
    measured = {}
    for estimates in ESTIMATES.glob("**/new/estimates.json"):
        benchmark = json.loads((estimates.parent / "benchmark.json").read_text())
        estimate = json.loads(estimates.read_text())
        # The median: a neighbour's work moves the mean.
        nanoseconds = estimate["median"]["point_estimate"]
        key = (benchmark["group_id"], benchmark["value_str"])
        measured.setdefault(key, {})[benchmark["function_id"]] = nanoseconds
    return measured


def time(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def row(group, case, measured):
    ours = measured.get("ours")
    if ours is None:
        return None
    peers = {who: t for who, t in measured.items() if who != "ours" and who not in LIMITS}
    limits = {who: t for who, t in measured.items() if who in LIMITS}
    cells = [group, case, time(ours)]
    for others in (peers, limits):
        if others:
            best = min(others, key=others.get)
            cells += [f"{best}, {time(others[best])}", f"{ours / others[best]:.2f}"]
        else:
            cells += ["-", "-"]
    return "| " + " | ".join(cells) + " |"


def table(measured):
    lines = [
        "| group | case | ours | best peer | ours / best peer | limit | ours / limit |",
        "|---|---|---|---|---|---|---|",
    ]
    rank = {group: index for index, group in enumerate(GROUPS)}
    for group, case in sorted(measured, key=lambda key: (rank.get(key[0], len(rank)), key)):
        line = row(group, case, measured[group, case])
        if line:
            lines.append(line)
    return "\n".join(lines)


def scale():
    """What 1,000 to 100,000 sessions at once cost, over a simulated network."""
    return subprocess.run(SCALE, cwd=HERE, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def machine():
    try:
        info = pathlib.Path("/proc/cpuinfo").read_text()
        model = next(line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, {rustc}"


def main():
    parser = argparse.ArgumentParser(description="Measures what benches/RESULTS.md publishes.")
    parser.add_argument("--no-bench", action="store_true", help="take the estimates of the last run")
    if not parser.parse_args().no_bench:
        subprocess.run(BENCH, cwd=HERE, env=dict(os.environ, CRITERION_HOME=str(ESTIMATES.resolve())), check=True)
    measured = read()
    if not measured:
        raise SystemExit(f"no estimates under {ESTIMATES}: run benches/table.py without --no-bench")
    load = os.getloadavg()[2]
    text = table(measured)
    print(text)
    many = scale()
    print(f"\n{many}")
    (HERE / "RESULTS.md").write_text(
        "# Results\n\n"
        f"Measured on {datetime.date.today().isoformat()} on {machine()}, with\n\n"
        "```\nbenches/table.py\n```\n\n"
        f"Medians of one run, on a machine whose load was {load:.1f} in the quarter of an hour before.\n"
        "Only the ratios last: below 1 ours is faster. `stalwart` is the crate on crates.io that is called\n"
        "smtp-proto as well; the limits are a bare copy and a bare search for line ends, and for `retry` a\n"
        "session in which nobody hangs up.\n\n"
        f"{text}\n\n"
        "## Many sessions at once\n\n"
        f"`{' '.join(SCALE)}`:\n"
        "every session delivers one message over a simulated network, in which one answer in a hundred is late\n"
        "and one server in a hundred hangs up on EHLO. CPU time is with what the network and the servers take.\n"
        "It grows because 1,000 sessions lie in the second cache of a processor and 100,000 in memory, where each\n"
        "visit to a session begins with misses.\n\n"
        f"{many}\n"
    )


if __name__ == "__main__":
    main()
