#!/usr/bin/env python3
"""Draws the figures in benches/figures from the tables of RESULTS.md and LOAD.md. The scripts that write those
files call it; nothing is measured again.

    benches/figures.py [--check]

With --check it writes nothing, and fails if a figure is not what it would draw.
"""

import argparse
import itertools
import math
import pathlib
import re
from xml.sax.saxutils import escape, quoteattr

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "figures"
OURS = ("smtp-forward", "smtp-client on tokio")

# The base colours can be read on white and on black, because the media query follows the system and not the page.
STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #6e7781 }
.head { font-weight: 600; font-size: 14px }
.small { font-size: 11px }
.rule { stroke: #848d97; stroke-opacity: .35 }
.one { stroke: #848d97; stroke-width: 1.5 }
.bar { fill: #848d97 }
@media (prefers-color-scheme: light) { text { fill: #57606a } }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } }
"""
COLOURS = ("#3b82d6", "#d2691e", "#1f9d6b", "#a06ae0", "#cf4f86", "#9a8400", "#8a7263", "#2e95a8")
# Each fits into a square of 10, centred on the origin: colours alone do not tell crates apart for every reader.
SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-6l6 6l-6 6l-6-6z",
    "M0-5.5l5.5 10h-11z",
    "M0 5.5l5.5-10h-11z",
    "M-1.8-5.5h3.6v3.7h3.7v3.6h-3.7v3.7h-3.6v-3.7h-3.7v-3.6h3.7z",
    "M-6-3h12v6h-12z",
    "M-3-6h6v12h-6z",
)
ROW, GAP, MARGIN = 20, 24, 12


class Drawing:
    """The elements of one figure. It grows to hold every text."""

    def __init__(self, title):
        self.title, self.elements, self.width, self.height = title, [], 0, 0
        self.text(MARGIN, 24, title, kind="head")

    def text(self, x, y, content, anchor="start", kind=""):
        end = x + width(content, kind) * {"start": 1, "middle": 0.5, "end": 0}[anchor]
        self.grow(end, y + 4)
        kind = f' class="{kind}"' if kind else ""
        anchor = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.elements.append(f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{kind}>{escape(content)}</text>')

    def line(self, x1, y1, x2, y2, kind="rule"):
        self.elements.append(f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>')

    def curve(self, points, colour):
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.elements.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')

    def mark(self, x, y, number):
        shape, colour = SHAPES[number % len(SHAPES)], COLOURS[number % len(COLOURS)]
        place = f"translate({x:.1f} {y:.1f})"
        self.elements.append(f'<path transform="{place}" d="{shape}" fill="{colour}" fill-opacity=".9"/>')

    def bar(self, x, y, length, ours):
        fill = f'fill="{COLOURS[0]}"' if ours else 'class="bar"'
        self.elements.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{length:.1f}" height="{ROW - 8}" {fill}/>')

    def legend(self, names, y, limit):
        """The marks and their names, in as many lines as they need. Returns the height below them."""
        x = MARGIN
        for number, name in enumerate(names):
            needed = 14 + width(name)
            if x > MARGIN and x + needed > limit:
                x, y = MARGIN, y + ROW
            self.mark(x + 5, y - 4, number)
            self.text(x + 16, y, name)
            x += needed + GAP
        return y + ROW

    def grow(self, x, y):
        self.width, self.height = max(self.width, x), max(self.height, y)

    def svg(self):
        wide, high = math.ceil(self.width + MARGIN), math.ceil(self.height + MARGIN)
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
            f'role="img" aria-label={quoteattr(self.title)}>',
            f"<title>{escape(self.title)}</title>",
            f"<style>{STYLE}</style>",
            *self.elements,
            "</svg>\n",
        ])


def width(content, kind=""):
    """About the width of a text in the widest of the common fonts."""
    return len(content) * {"": 7.8, "small": 7.2, "head": 8.8}[kind]


def tables(text):
    """Every table of a Markdown text: the `## ` heading above it, and its rows, each {name of column: cell}."""
    section = ""
    for in_table, lines in itertools.groupby(text.splitlines(), lambda line: line.startswith("|")):
        if in_table:
            head, _, *rows = ([cell.strip() for cell in line.strip()[1:-1].split("|")] for line in lines)
            yield section, [dict(zip(head, row)) for row in rows]
        else:
            section = next((line[3:] for line in reversed(list(lines)) if line.startswith("## ")), section)


def log_ticks(least, most, span):
    """Round numbers around these two: powers of ten, and 2 and 5 times them if their labels have room."""
    for digits in ((1, 2, 5), (1,)):
        ticks = [digit * 10.0**power for power in range(-6, 4) for digit in digits]
        low = max(tick for tick in ticks if tick <= least)
        high = min(tick for tick in ticks if tick >= most)
        if span / math.log10(high / low) >= 140:
            break
    return [tick for tick in ticks if low <= tick <= high]


def linear_ticks(most):
    """Round numbers from 0 to at least this one, with four to eight steps."""
    size = 10.0 ** math.floor(math.log10(most))
    step = next(size * part for part in (0.2, 0.5, 1, 2) if most / (size * part) <= 8)
    return [step * number for number in range(math.ceil(most / step) + 1)]


def log_share(value, ticks):
    """Where a value is on a log scale, from 0 at the first tick to 1 at the last."""
    return math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])


def ratios(text):
    """A panel for each kind of processor, a row for each case, a mark for each peer. Of several models of a kind, the
    one that was measured last is drawn: many panels would be too small to read."""
    panels, dates = ratios_in(text), measured(text)
    kinds = {section.split(" (")[0]: section for section in sorted(panels, key=dates.get)}
    found = {section: panel for section, panel in panels.items() if section in kinds.values()}
    groups = list(dict.fromkeys(group for panel in found.values() for group, _ in panel))
    cases = dict.fromkeys(case for panel in found.values() for case in panel)
    # A case that only one processor has stays in its group.
    cases = sorted(cases, key=lambda case: groups.index(case[0]))
    ratios = [peers for panel in found.values() for peers in panel.values()]
    names = sorted({name for peers in ratios for name in peers})
    values = [value for peers in ratios for value in peers.values()]
    # The name of each processor, its model if it has one, and the date, each in a line of its own.
    heads = [[*section.rstrip(")").rsplit(" (", 1), dates[section]] for section in found]
    span = max(520 if len(found) == 1 else 300, *(width(line) for head in heads for line in head))
    ticks = log_ticks(min(values), max(1, *values), span)

    drawing = Drawing("Time of smtp-proto divided by the time of each other crate")
    case_x = MARGIN + max(width(group) for group, _ in cases) + 12
    left = case_x + max(width(case) for _, case in cases) + GAP
    top = drawing.legend(names, 48, left + span) + 8 + 15 * max(map(len, heads))
    bottom = top + ROW * len(cases)
    # Each case and its place; a group has its name and a rule above its first case.
    rows = [(top + ROW * index, *case) for index, case in enumerate(cases)]
    starts = {group: y for y, group, _ in reversed(rows)}
    for y, _, case in rows:
        drawing.text(case_x, y + 14, case)
    for group, y in starts.items():
        drawing.text(MARGIN, y + 14, group)
        drawing.line(MARGIN, y, left, y)
    for head, panel in zip(heads, found.values()):
        right = left + span
        for above, line in enumerate(reversed(head)):
            drawing.text(left, top - 11 - 15 * above, line)
        drawing.text(right + 14, top - 11, "best peer", kind="small")
        for y in starts.values():
            drawing.line(left, y, right, y)
        for tick in ticks:
            x = left + span * log_share(tick, ticks)
            drawing.line(x, top, x, bottom, "one" if tick == 1 else "rule")
            drawing.text(x, bottom + 16, "1 = peer" if tick == 1 else f"{tick:g}", "middle", "small")
        drawing.text(left, bottom + 34, "ours / peer, log scale; left of 1, ours is faster", kind="small")
        for y, *case in rows:
            if peers := panel.get(tuple(case)):
                most = max(peers.values())
                drawing.text(right + 14, y + 14, f"{most:.2f}" if most >= 0.1 else f"{most:.2g}")
                for name, value in peers.items():
                    drawing.mark(left + span * log_share(value, ticks), y + 10, names.index(name))
        left = right + 14 + width("best peer") + GAP
    return drawing.svg()


def measured(text):
    """{processor: the date of its results in RESULTS.md}. Older results are those of older code."""
    return dict(re.findall(r"^## (.*)\n\n(Measured on [-0-9]+)", text, re.MULTILINE))


def ratios_in(text):
    """The ratios of ours to the peers in RESULTS.md: {processor: {(group, case): {peer: ratio}}}."""
    found = {}
    column = re.compile(r"ours / (?!best peer$|limit$)(.*)")
    for section, rows in tables(text):
        for row in rows:
            names = {head: match[1] for head in row if (match := column.match(head))}
            peers = {name: float(row[head]) for head, name in names.items() if row[head] != "-"}
            if row.get("ours / best peer", "-") != "-":
                peers[row["best peer"].split(",")[0]] = float(row["ours / best peer"])
            if peers:
                found.setdefault(section, {}).setdefault((row["group"], row["case"]), {}).update(peers)
    return found


def growth(text):
    """A panel for memory and one for CPU time, a curve for each processor."""
    found = {section: rows for section, rows in tables(text) if rows and "sessions at once" in rows[0]}
    counts = sorted({int(row["sessions at once"]) for rows in found.values() for row in rows})
    drawing = Drawing("Memory and CPU time with the number of sessions at once")
    high, span, left = 190, 300, MARGIN + 44
    dates = measured(text)
    top = drawing.legend([f"{section}. {dates[section]}" for section in found], 48, 2 * span) + 30
    panels = {"octets/session": "octets of memory per session", "CPU us/delivery": "CPU us per delivery"}
    for column, label in panels.items():
        scale = linear_ticks(max(float(row[column]) for rows in found.values() for row in rows))
        drawing.text(left - 44, top - 16, label)
        for value in scale:
            y = top + high * (1 - value / scale[-1])
            drawing.line(left, y, left + span, y)
            drawing.text(left - 8, y + 4, f"{value:,g}", "end", "small")
        for count in counts:
            drawing.text(left + span * log_share(count, counts), top + high + 18, f"{count:,}", "middle", "small")
        drawing.text(left, top + high + 36, "sessions at once, log scale", kind="small")
        ends = set()
        for number, rows in enumerate(found.values()):
            curve = []
            for row in rows:
                x = left + span * log_share(int(row["sessions at once"]), counts)
                y = top + high * (1 - float(row[column]) / scale[-1])
                curve.append((x, y))
                drawing.mark(x, y, number)
            drawing.curve(curve, COLOURS[number % len(COLOURS)])
            ends.add((y, f"{float(row[column]):,g}"))
        # The value at the end of each curve, where it does not cover the one above it.
        below = 0
        for y, value in sorted(ends):
            below = max(y + 4, below + 13)
            drawing.text(left + span + 10, below, value)
        left += span + 10 + max(width(value) for _, value in ends) + GAP + 44
    return drawing.svg()


def load(text):
    """A bar for the CPU time of each client, for each way of using connections, in every table that has these."""
    groups = {}
    for section, rows in tables(text):
        for row in rows:
            if {"connections", "client", "messages/s", "wall s", "CPU s"} <= row.keys():
                # The cells are rounded; the number of messages is a round one.
                messages = float(f"{float(row['messages/s']) * float(row['wall s']):.2g}")
                group = groups.setdefault((section, row["connections"]), {})
                group[row["client"]] = float(row["CPU s"]) / messages * 1e6
    drawing = Drawing("CPU time of each client per message")
    left = MARGIN + max(width(client) for group in groups.values() for client in group) + 12
    most = max(value for group in groups.values() for value in group.values())
    y = 50
    for (section, connections), group in groups.items():
        drawing.text(MARGIN, y, (f"{section}; " if section else "") + f"connections: {connections}")
        y += 10
        for client, value in group.items():
            length = 480 * value / most
            drawing.text(MARGIN, y + 14, client)
            drawing.bar(left, y + 4, length, client in OURS)
            drawing.text(left + length + 8, y + 14, f"{value:.0f} us")
            y += ROW
        y += GAP
    return drawing.svg()


def figures():
    """The figures that should be there: {path: text}."""
    results, loads = ((HERE / name).read_text() for name in ("RESULTS.md", "LOAD.md"))
    drawn = {"ratios.svg": ratios(results), "growth.svg": growth(results), "load.svg": load(loads)}
    return {FOLDER / name: svg for name, svg in drawn.items()}


def main():
    parser = argparse.ArgumentParser(description="Draws the figures in benches/figures.")
    parser.add_argument("--check", action="store_true", help="only check that they are up to date")
    if parser.parse_args().check:
        stale = [path.name for path, svg in figures().items() if not path.exists() or path.read_text() != svg]
        if stale:
            raise SystemExit(f"out of date: {', '.join(stale)}; run benches/figures.py and commit benches/figures")
        return
    FOLDER.mkdir(exist_ok=True)
    for path, svg in figures().items():
        path.write_text(svg)


if __name__ == "__main__":
    main()
