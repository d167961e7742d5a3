#!/usr/bin/env python3
"""usage: open-pages.py BROWSER KEY [--folder DIR] [--receipt PROOF ENTRY] [--picture FILE WIDTHxHEIGHT light|dark] PAGE...

Opens each page in a headless Chromium, types KEY into the field for the log's key, and prints what the page then shows,
one JSON object a line: state, verdict, reason, steps, events, receipt, and requests and errors that must not be there.
Speaks the DevTools protocol over a pipe; needs nothing but Python.
"""
import argparse
import base64
import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.parse


class Browser:
    def __init__(self, program):
        to_read, self.to = os.pipe()
        self.answers, from_write = os.pipe()
        # Out of the way of 3 and 4, where the browser expects them.
        to_read, from_write = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, from_write))

        def take_places():
            os.dup2(to_read, 3)
            os.dup2(from_write, 4)

        arguments = ["--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "about:blank"]
        self.process = subprocess.Popen(
            [program, *arguments], preexec_fn=take_places, close_fds=False, stderr=subprocess.DEVNULL
        )
        os.close(to_read)
        os.close(from_write)
        self.rest, self.count, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(domain + ".enable")

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.count:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def read(self):
        while b"\0" not in self.rest:
            more = os.read(self.answers, 1 << 20)
            if not more:
                sys.exit("the browser ended")
            self.rest += more
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            sys.exit(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, script):
        for _ in range(600):
            if self.run(script):
                return
            time.sleep(0.02)

    def choose(self, selector, files):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=files)

    def close(self):
        self.process.kill()
        self.process.wait()


SETTLED = "!['', 'checking', undefined].includes(document.documentElement?.dataset.state)"
SHOWN = """({
  before: window.before,
  state: document.documentElement.dataset.state,
  verdict: document.getElementById("verdict").textContent,
  reason: document.getElementById("reason").textContent,
  steps: [...document.querySelectorAll("#steps li")].map(row => [row.dataset.step, row.dataset.status]),
  events: document.querySelectorAll("#events tr").length,
  text: document.body.innerText,
  receipt: document.getElementById("proofResult").dataset.state ?? "none",
  receiptText: document.getElementById("proofResult").textContent,
})"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("browser")
    parser.add_argument("key")
    parser.add_argument("--folder")
    parser.add_argument("--receipt", nargs=2)
    parser.add_argument("--picture", nargs=3)
    parser.add_argument("pages", nargs="+")
    asked = parser.parse_args()
    browser = Browser(asked.browser)
    for page in asked.pages:
        browser.events = []
        if asked.picture:
            _, size, scheme = asked.picture
            width, height = map(int, size.split("x"))
            browser.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )
            browser.call(
                "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
            )
        address = "file://" + urllib.parse.quote(os.path.abspath(page))
        browser.call("Page.navigate", url=address)
        browser.wait(f"location.href === {json.dumps(address)} && {SETTLED}")
        browser.run("window.before = document.documentElement.dataset.state")
        if asked.folder:
            browser.run("delete document.documentElement.dataset.state")
            browser.choose("#files", [os.path.abspath(asked.folder)])
            browser.wait(SETTLED)
        browser.run(
            f"document.getElementById('key').value = {json.dumps(asked.key)};"
            "delete document.documentElement.dataset.state; document.getElementById('pin').requestSubmit()"
        )
        browser.wait(SETTLED)
        if asked.receipt:
            for selector, file in zip(("#proof", "#entry"), asked.receipt):
                browser.choose(selector, [os.path.abspath(file)])
            browser.wait("document.getElementById('proofResult').dataset.state")
        shown = browser.run(SHOWN)
        if asked.picture:
            picture = browser.call("Page.captureScreenshot")["data"]
            with open(asked.picture[0], "wb") as file:
                file.write(base64.b64decode(picture))
        browser.run("1")
        sent = [event["params"]["request"]["url"] for event in browser.events
                if event.get("method") == "Network.requestWillBeSent"]
        shown["requests"] = [url for url in sent if url != address]
        shown["errors"] = [
            json.dumps(event["params"]) for event in browser.events
            if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")
        ]
        print(json.dumps(shown), flush=True)
    browser.close()


main()
