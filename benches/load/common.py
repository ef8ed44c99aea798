"""What the scripts of this folder share: their options, the clients, building and measuring them, and tables."""

import argparse
import contextlib
import datetime
import importlib.util
import os
import pathlib
import statistics
import subprocess
import threading
import time
import typing

BENCHES = pathlib.Path(__file__).resolve().parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", BENCHES.parent / "target")) / "published"
SENDER, RECIPIENT = "sender@example.com", "recipient@example.com"
CONNECTIONS, OCTETS = 10, 4096
# For the check: more messages than connections, so that connections are reused.
FEW = 30
FORWARD, TOKIO = "smtp-forward", "smtp-client on tokio"
OURS = (FORWARD, TOKIO)
PEERS = {"lettre": "load-lettre", "lettre, async": "load-lettre-async", "mail-send": "load-mail-send"}
PROGRAMS = {TOKIO: "load-tokio", **PEERS}
# In the order of the tables.
CLIENTS = (FORWARD, *PROGRAMS)


def prepare(rounds):
    """Reads the options, with this many rounds if they do not say, builds the clients and their sink, and sets the
    priority. Returns the options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--realtime", action="store_true")
    options = parser.parse_args()
    for package, names in {"smtp-forward": ["smtp-forward"], "smtp-load": [*PROGRAMS.values(), "load-sink"]}.items():
        bins = [word for name in names for word in ("--bin", name)]
        cargo = ["cargo", "build", "--profile", "published", "--locked", "-p", package, *bins]
        subprocess.run(cargo, cwd=BENCHES, check=True)
    if options.realtime:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    return options


def command(client, keep, server, count, file, authority=None, connections=CONNECTIONS):
    """The command that sends the message in `file` this many times. `keep` is "each" or "kept". With the file of a
    CA certificate, it uses TLS from the start."""
    if client in PROGRAMS:
        trust = [authority] if authority else []
        return [TARGET / PROGRAMS[client], server, str(connections), str(count), keep, file, *trust]
    limit = ["--per-connection", "1"] if keep == "each" else []
    load = ["--connections", str(connections), "--repeat", str(count)]
    ends = ["--server", ("smtps://" if authority else "") + server, "--from", SENDER, "--to", RECIPIENT]
    trust = ["--ca-file", authority] if authority else []
    return [TARGET / "smtp-forward", "send", *ends, *load, *limit, *trust, file]


def message():
    """A message as long as smtp-source's: a few header fields, and OCTETS octets of lines."""
    header = f"From: <{SENDER}>\r\nTo: <{RECIPIENT}>\r\nDate: Tue, 24 Nov 2026 00:00:00 +0000 (UTC)\r\n"
    header += "Message-Id: <load@client.example>\r\n\r\n"
    lines = "".join(f".{number:077}\r\n" for number in range(OCTETS // 80))
    return (header + lines + "X" * (OCTETS - len(lines) - 2) + "\r\n").encode()


class Run(typing.NamedTuple):
    """One run, or the medians of several."""

    messages: int
    wall: float
    cpu: float
    # In octets.
    peak: int
    # As the sink counts them.
    connections: int = 0
    resumed: int = 0

    def wall_each(self):
        """Seconds per message."""
        return self.wall / self.messages

    def cpu_each(self):
        """Seconds of CPU time per message."""
        return self.cpu / self.messages


def measure(command, messages):
    """Runs a client that sends this many messages."""
    since = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = [0]
    sampler = threading.Thread(target=sample, args=(process.pid, peak))
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - since
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.join()
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} ended with status {process.returncode}")
    return Run(messages, wall, usage.ru_utime + usage.ru_stime, peak[0])


def sample(pid, peak):
    """Polls the kernel's high-water mark until the process ends: its rusage would include our own memory."""
    with contextlib.suppress(OSError):
        while True:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
            name = status.split(maxsplit=2)[1]
            if not marks:
                return
            if not name.startswith("python"):
                peak[0] = int(marks[0]) * 1024
            time.sleep(0.01)


class Rounds:
    """The runs of all rounds, for each way of using connections and each client."""

    def __init__(self):
        self.runs, self.loads = {}, []

    def add(self, number, how, client, make):
        """Makes a run and keeps it."""
        self.loads.append(os.getloadavg()[0])
        run = make()
        self.runs.setdefault(how, {}).setdefault(client, []).append(run)
        print(f"round {number}, {how}, {client}: {run.wall:.3f} s, CPU {run.cpu:.3f} s", flush=True)

    def medians(self):
        """The medians of the runs of each client."""
        median = lambda runs: Run(*map(statistics.median, zip(*runs)))
        return {how: {client: median(runs) for client, runs in clients.items()} for how, clients in self.runs.items()}

    def load(self):
        """The load average of the machine before each run, in the middle."""
        return statistics.median(self.loads)


COLUMNS = {
    "messages": lambda _, client, runs: f"{runs[client].messages:.0f}",
    "messages/s": lambda _, client, runs: f"{1 / runs[client].wall_each():.0f}",
    "wall s": lambda _, client, runs: f"{runs[client].wall:.3f}",
    "CPU s": lambda _, client, runs: f"{runs[client].cpu:.3f}",
    "CPU us/message": lambda _, client, runs: f"{runs[client].cpu_each() * 1e6:.1f}",
    "peak MiB": lambda _, client, runs: f"{runs[client].peak / 2**20:.1f}",
}


def goal_columns(goals):
    """CPU time relative to the best peer, and the goal for ours, which each way of using connections has."""
    best = lambda runs: min(runs[peer].cpu_each() for peer in PEERS)
    return {
        "CPU / best peer": lambda _, client, runs: f"{runs[client].cpu_each() / best(runs):.2f}",
        "goal": lambda how, client, _: f"{goals[how]:.1f}" if client in OURS else "-",
    }


def table(medians, columns):
    """A row for each way of using connections and each client. Each column makes its cell of these two and of the
    medians of all clients."""
    head = ["connections", "client", *columns]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for how, runs in medians.items():
        for client in runs:
            cells = [how, client, *(column(how, client, runs) for column in columns.values())]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def heading(title, script, options, load):
    """The beginning of a file of results: how they were measured, at this load average."""
    option = " --realtime" if options.realtime else ""
    priority = "Clients and sinks had real-time priority.\n" if options.realtime else ""
    return (
        f"# {title}\n\n"
        f"Measured on {datetime.date.today().isoformat()} on {machine()}, with\n\n"
        f"```\nbenches/load/{script} --rounds {options.rounds}{option}\n```\n\n"
        f"Medians of {options.rounds} interleaved rounds. The machine's load average was {load:.1f}. Only the ratios\n"
        "carry over to other machines. CPU and memory are those of the client. lettre has a thread for each\n"
        f"connection; the others have one thread for all connections.\n{priority}\n"
    )


def machine():
    """The description of the machine from table.py."""
    spec = importlib.util.spec_from_file_location("table", BENCHES / "table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.machine()
