"""Puts tasks on a site from several sides and does not mind that it dies: usage: load_client.py URL CA TOKEN TASKS CLIENTS

Prints a line for each task that was accepted, and ends with DONE once every task has ended and stands in the list once;
with a traceback otherwise. It needs nothing but Python.
"""
import collections
import http.client
import json
import queue
import ssl
import sys
import threading
import time
import urllib.parse

url, authority, token, tasks, clients = sys.argv[1:4] + [int(x) for x in sys.argv[4:6]]
place = urllib.parse.urlsplit(url)
context = ssl.create_default_context(cafile=authority)
ended = {"COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED"}
deadline = time.monotonic() + 90 + tasks


class Client:
    """One connection, made anew whenever the site was away."""

    def __init__(self):
        self.link = None

    def call(self, method, path, body=None, headers=None):
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"} | (headers or {})
        while True:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path} has no answer")
            try:
                if self.link is None:
                    self.link = http.client.HTTPSConnection(place.hostname, place.port, timeout=30, context=context)
                self.link.request(method, path, body, headers)
                answer = self.link.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.link = None
                time.sleep(0.05)
                continue
            if answer.status == 200:
                return json.loads(content)
            # Busy, or on its way up or down; what made one task must not make a second.
            if answer.status not in (409, 429, 500, 503):
                raise RuntimeError(f"{method} {path}: {answer.status} {content[:400]}")
            time.sleep(0.05)


waiting = queue.SimpleQueue()
for number in range(tasks):
    waiting.put(number)
lock = threading.Lock()
accepted = {}
faults = []


def put():
    client = Client()
    try:
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            task = {"name": f"load-{number}", "executors": [{"image": "alpine", "command": ["true"]}]}
            key = {"Idempotency-Key": f"load-{number}"}
            made = client.call("POST", "/ga4gh/tes/v1/tasks", json.dumps(task), key)
            with lock:
                accepted[number] = made["id"]
                print("accepted", len(accepted), flush=True)
    except Exception as fault:
        faults.append(fault)


threads = [threading.Thread(target=put) for _ in range(clients)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if faults:
    raise faults[0]

client = Client()
states = collections.Counter()
for task in accepted.values():
    while (state := client.call("GET", f"/ga4gh/tes/v1/tasks/{task}")["state"]) not in ended:
        time.sleep(0.05)
    states[state] += 1

listed = collections.Counter()
page = ""
while True:
    answer = client.call("GET", f"/ga4gh/tes/v1/tasks?page_size=100{page}")
    listed.update(task["id"] for task in answer.get("tasks", []))
    if "next_page_token" not in answer:
        break
    page = "&page_token=" + urllib.parse.quote(answer["next_page_token"])
assert listed == collections.Counter(accepted.values()), (len(listed), len(accepted))
print("states", dict(states))
print("DONE")
