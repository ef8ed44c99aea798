#!/usr/bin/env python3
"""Runs the benches with the profile `published` and writes benches/RESULTS.md: a table with the ratios of ours
to the best peer and to the limit, a table with the cost of many concurrent sessions, and the machine that
they were measured on. Also prints both tables.

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
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
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
    """The cost of 1,000 to 100,000 concurrent sessions over a simulated network."""
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
    parser = argparse.ArgumentParser(description="Runs the benches and writes benches/RESULTS.md.")
    parser.add_argument("--no-bench", action="store_true", help="use the estimates of the last run")
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
        f"Medians of one run. The machine's load average over 15 minutes was {load:.1f}.\n"
        "Only the ratios carry over to other machines; below 1, ours is faster. `stalwart` is Stalwart's crate\n"
        "that is also called smtp-proto. The limits are a bare copy and a bare search for line ends;\n"
        "for `retry`, the limit is a session without a hang-up.\n\n"
        f"{text}\n\n"
        "## Many sessions at once\n\n"
        f"`{' '.join(SCALE)}`:\n"
        "every session delivers one message over a simulated network, in which one reply in a hundred is late\n"
        "and one server in a hundred hangs up on EHLO. CPU time includes the simulated network and servers.\n"
        "It grows because 1,000 sessions fit into a processor's second-level cache and 100,000 do not, so that\n"
        "each visit to a session starts with cache misses.\n\n"
        f"{many}\n"
    )


if __name__ == "__main__":
    main()
