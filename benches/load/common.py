"""What the scripts of this folder share: the message, building the programs, and measuring one run."""

import contextlib
import importlib.util
import os
import pathlib
import subprocess
import threading
import time

BENCHES = pathlib.Path(__file__).resolve().parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", BENCHES.parent / "target")) / "published"
SENDER, RECIPIENT = "sender@example.com", "recipient@example.com"
CONNECTIONS, OCTETS = 10, 4096
# For the check: more messages than connections, so that connections are reused.
FEW = 30
OURS = "smtp-forward"


def build(*peers):
    """Builds smtp-forward and these programs of the benches."""
    for package, names in {"smtp-forward": ["smtp-forward"], "smtp-benches": peers}.items():
        bins = [word for name in names for word in ("--bin", name)]
        subprocess.run(["cargo", "build", "--profile", "published", "--locked", "-p", package, *bins], cwd=BENCHES, check=True)


def ours(mode, server, count, message, *options):
    """The command of smtp-forward that sends `message` this many times."""
    limit = ["--per-connection", "1"] if mode == "each" else []
    load = ["--connections", str(CONNECTIONS), "--repeat", str(count)]
    ends = ["--server", server, "--from", SENDER, "--to", RECIPIENT]
    return [TARGET / "smtp-forward", "send", *ends, *load, *limit, *options, message]


def message():
    """A message as long as smtp-source's: a few header fields, and OCTETS octets of lines."""
    header = f"From: <{SENDER}>\r\nTo: <{RECIPIENT}>\r\nDate: Tue, 24 Nov 2026 00:00:00 +0000 (UTC)\r\n"
    header += "Message-Id: <load@client.example>\r\n\r\n"
    lines = "".join(f".{number:077}\r\n" for number in range(OCTETS // 80))
    return (header + lines + "X" * (OCTETS - len(lines) - 2) + "\r\n").encode()


def measure(command):
    """Returns wall seconds, CPU seconds and peak memory in octets of one run."""
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
    return wall, usage.ru_utime + usage.ru_stime, peak[0]


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


def machine():
    """The description of the machine from table.py."""
    spec = importlib.util.spec_from_file_location("table", BENCHES / "table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.machine()
