"""A site of a benchmark: founded, served, asked over its socket, and taken away."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Connection(http.client.HTTPConnection):
    """One that stays open, over the site's socket."""

    def __init__(self, path, token):
        super().__init__("site")
        self.path = path
        self.headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None, **headers):
        self.request(method, path, body, self.headers | headers)
        answer = self.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data.decode()}")
        return json.loads(data)


def programs(arguments):
    """The directory of the built programs; without one a release build is made."""
    if arguments:
        return pathlib.Path(arguments[0]).resolve()
    for product in ("glovebox", "glovebox-commands", "gloveboxd", "glovebox-check", "glovebox-jail"):
        subprocess.run(["swift", "build", "-c", "release", "--product", product], cwd=ROOT, check=True, stdout=sys.stderr)
    return ROOT / ".build/release"


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def memory(pid):
    """Megabytes that are resident."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def row(name, value, goal, met):
    print(f"| {name} | {value} | {goal} | {'' if met is None else 'met' if met else 'missed'} |", flush=True)


def call(program, *options):
    subprocess.run([program, *options], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def served(where, state):
    """The process that serves a state directory, once it answers."""
    with open(state + "/../log", "w") as log:
        daemon = subprocess.Popen([where / "gloveboxd", "serve", "--state", state, "--accept-disk"], stdout=log, stderr=log)
    try:
        while daemon.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(state + "/api.sock")
                break
            time.sleep(0.05)
        else:
            sys.exit(f"gloveboxd ended with {daemon.returncode}; see {state}/../log")
        yield daemon
    finally:
        daemon.terminate()
        daemon.wait()


@contextlib.contextmanager
def founded(where, settings):
    """The state directory of a new site with these settings."""
    with tempfile.TemporaryDirectory(prefix="glovebox-bench-", dir="/var/tmp") as folder:
        state = folder + "/state"
        call(where / "gloveboxd", "init", "--state", state, "--name", "bench", "--origin", "log.bench.example", "--plan-quorum", "1")
        with open(os.open(state + "/gloveboxd.yaml", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(settings)
        yield state


def token(where, state, name):
    """A new researcher's token."""
    file = f"{state}/../{name}"
    call(where / "glovebox", "account", "add", name, "--role", "researcher", "--token-out", file, "--profile", state + "/operator")
    return pathlib.Path(file).read_text().split()[0]
