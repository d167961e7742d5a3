"""Checks that the log's writer loses nothing it has acknowledged, whatever ends it.

Each round runs 'gloveboxd selftest' to an end it did not choose: killed at a system call, refused by the kernel at one, or
without its file system. Then it is started again, and this program, which shares no code with it, reads what is there.
"""

import base64
import collections
import hashlib
import json
import pathlib
import re
import subprocess


class Loss(Exception):
    """What must never be."""


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves):
    """RFC 6962 section 2.1, by the right edge."""
    edge = []
    for index, leaf in enumerate(leaves):
        while index & 1:
            leaf = node(edge.pop(), leaf)
            index >>= 1
        edge.append(leaf)
    if not edge:
        return hashlib.sha256(b"").digest()
    hash = edge.pop()
    while edge:
        hash = node(edge.pop(), hash)
    return hash


def tile_name(index):
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


class Log:
    """One log over many rounds: what was acknowledged, and every checkpoint that was ever seen signed."""

    def __init__(self, program, path, arguments=()):
        self.program = program
        self.path = pathlib.Path(path)
        self.arguments = list(arguments)
        self.acknowledged = {}
        self.roots = {}
        self.runs = 0

    def command(self, *options):
        return [self.program, "selftest", "--log", str(self.path), "--print-acks", *self.arguments, *options]

    def run(self, *options, before=(), timeout=120, environment=None):
        """Runs to the end, whatever that is; its exit status."""
        done = subprocess.run([*before, *self.command(*options)], capture_output=True, timeout=timeout, env=environment)
        self.take(done.stdout)
        return done

    def take(self, output):
        """Keeps whole lines; the last may be cut."""
        for line in re.findall(rb"^ACK (\d+) (\S{44})$", output, re.M):
            index, hash = int(line[0]), base64.b64decode(line[1])
            if self.acknowledged.setdefault(index, hash) != hash:
                raise Loss(f"entry {index} was acknowledged as two leaves")
        self.see_signed()

    def see(self, note):
        for size, text in re.findall(rb"log\.selftest\.example\n(\d+)\n(\S{44})\n", note):
            if self.roots.setdefault(int(size), text) != text:
                raise Loss(f"two roots were signed for size {int(size)}")

    def see_signed(self):
        for file in (self.path / "private/sign-lock/slots", self.path / "checkpoint"):
            if file.exists():
                self.see(file.read_bytes())

    def entries(self, size):
        out = []
        for index in range((size + 255) // 256):
            width = min(256, size - 256 * index)
            name = f"tile/entries/{tile_name(index)}" + (f".p/{width}" if width < 256 else "")
            data, at = (self.path / name).read_bytes(), 0
            for _ in range(width):
                length = int.from_bytes(data[at:at + 2], "big")
                out.append(data[at + 2:at + 2 + length])
                at += 2 + length
            if at != len(data):
                raise Loss(f"{name} has bytes after its entries")
        return out

    def check(self):
        """Reads the published log."""
        note = (self.path / "checkpoint").read_text().split("\n")
        size, want = int(note[1]), base64.b64decode(note[2])
        entries = self.entries(size)
        leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
        if root(leaves) != want:
            raise Loss("the entries do not have the published root")
        for index, hash in self.acknowledged.items():
            if index >= size or leaves[index] != hash:
                raise Loss(f"acknowledged entry {index} is lost: the log has {size}")
        names = collections.Counter()
        for index, entry in enumerate(entries):
            event = json.loads(entry)
            if event["metadata"]["sequence"] != index:
                raise Loss(f"entry {index} says it is {event['metadata']['sequence']}")
            own = event["unmapped"]["glovebox"]
            if "run" in own:
                names[own["run"], own["number"]] += 1
        for name, count in names.items():
            if count > 1:
                raise Loss(f"event {name} is in the log {count} times")
        for file in self.path.rglob("*"):
            if file.name.startswith(".new-"):
                raise Loss(f"{file} was left behind")
        return size

    def recover(self, run, count):
        """Starts again and retries the whole run: each event must then be there once."""
        done = self.run("--resume", "--keys", run, "--count", str(count), "--writers", "2")
        if done.returncode != 0:
            raise Loss(f"it does not start again: {done.stderr.decode()[-500:]}")
        self.runs += count
        size = self.check()
        if size < self.runs:
            raise Loss(f"the log has {size} entries, {self.runs} were retried")
