"""Drives a site through the unmodified client py-tes: usage: task_client.py URL TOKEN

Prints one line for each thing that holds, and ends with a traceback at the first that does not.
"""
import sys
import time

import requests
import tes

url, token = sys.argv[1:3]
client = tes.HTTPClient(url, token=token, timeout=20)
created = []


def holds(what, condition):
    if not condition:
        raise AssertionError(what)
    print("ok", what, flush=True)


def task(name, *executors, **more):
    made = client.create_task(tes.Task(name=name, executors=list(executors), **more))
    created.append(made)
    return made


def run(*command, **more):
    return tes.Executor(image=more.pop("image", "alpine"), command=list(command), **more)


def ended(task_id):
    done = client.wait(task_id, timeout=120)
    assert done.state not in ("QUEUED", "RUNNING"), done.state
    full = client.get_task(task_id, view="FULL")
    assert full.state == done.state
    return full


info = client.get_service_info()
holds("service-info names TES 1.1.0", info.type["artifact"] == "tes" and info.type["version"] == "1.1.0")
holds("service-info lists where files may come from", any("dataset" in prefix for prefix in info.storage))

# Content in, stream out, a file out.
job = task(
    "content",
    run("sh", "-c", "cat /data/in.txt; tr a-z A-Z < /data/in.txt > /data/out.txt; echo warned >&2", image="ubuntu"),
    inputs=[tes.Input(path="/data/in.txt", content="hello\n", type="FILE")],
    outputs=[tes.Output(path="/data/out.txt", url="glovebox://release/out.txt", type="FILE")],
    tags={"kind": "content", "run": "1"},
    resources=tes.Resources(cpu_cores=1, ram_gb=0.5, disk_gb=0.5),
)
full = ended(job)
log = full.logs[0]
holds("a task with content completes", full.state == "COMPLETE")
holds("its streams are told", log.logs[0].stdout == "hello\n" and log.logs[0].stderr == "warned\n")
holds("its exit code is exact", log.logs[0].exit_code == 0)
out = log.outputs[0]
holds("its output is listed", (out.url, out.path, out.size_bytes) == ("glovebox://release/out.txt", "/data/out.txt", 6))
holds("its content comes back in the full view", full.inputs[0].content == "hello\n")
holds("metadata names the plan", log.metadata["glovebox.plan_digest"].startswith("sha256:"))
native = requests.get(
    f"{url}/glovebox/v1/jobs/{job}/results/0", headers={"Authorization": f"Bearer {token}"}, timeout=20
)
holds("the released bytes are those the task left", native.content == b"HELLO\n")

basic = client.get_task(job, view="BASIC")
holds("basic leaves contents and streams out", basic.inputs[0].content is None and basic.logs[0].logs[0].stdout is None)
minimal = client.get_task(job, view="MINIMAL")
holds("minimal is id and state", minimal.id == job and minimal.executors is None and minimal.name is None)

# Several executors share volumes and directories; redirections.
job = task(
    "several",
    run("sh", "-c", "echo one > /vol/a; echo printed", stdout="/results/log.txt"),
    run("sh", "-c", "cat /vol/a /results/log.txt; read line; echo $line $NAME", stdin="/results/log.txt", env={"NAME": "x"}),
    volumes=["/vol"],
    outputs=[tes.Output(path="/results/*.txt", path_prefix="/results/", url="glovebox://release/logs", type="FILE")],
)
full = ended(job)
holds("several executors complete", full.state == "COMPLETE" and len(full.logs[0].logs) == 2)
holds("they share what they leave", full.logs[0].logs[1].stdout == "one\nprinted\nprinted x\n")
holds("a pattern finds its files", [o.url for o in full.logs[0].outputs] == ["glovebox://release/logs/log.txt"])

# Failure stops; ignore_error does not.
full = ended(task("fails", run("sh", "-c", "exit 7"), run("echo", "never")))
holds("a failing executor ends the task", full.state == "EXECUTOR_ERROR" and len(full.logs[0].logs) == 1)
holds("its exit code is exact too", full.logs[0].logs[0].exit_code == 7)
full = ended(task("ignores", run("sh", "-c", "exit 7", ignore_error=True), run("echo", "on")))
holds("ignore_error goes on", full.state == "COMPLETE" and full.logs[0].logs[1].stdout == "on\n")
full = ended(task("missing", run("no-such-program")))
holds("a missing program is 127", full.state == "EXECUTOR_ERROR" and full.logs[0].logs[0].exit_code == 127)
full = ended(task("no output", run("true"), outputs=[tes.Output(path="/out/x", url="glovebox://release/x")]))
holds("an output that is not there is an error of the system", full.state == "SYSTEM_ERROR")

# Cancel: at once, and while it runs.
job = task("cancelled", run("true"))
client.cancel_task(job)
holds("a cancel right after create wins", ended(job).state == "CANCELED")
job = task("cancelled later", run("sleep", "100"))
for _ in range(200):
    if client.get_task(job, view="MINIMAL").state == "RUNNING":
        break
    time.sleep(0.1)
client.cancel_task(job)
holds("a cancel of a running task wins", ended(job).state == "CANCELED")
client.cancel_task(job)
holds("a second cancel changes nothing", client.get_task(job, view="MINIMAL").state == "CANCELED")

# Lists.
seen, pages, page = [], 0, None
while True:
    answer = client.list_tasks(page_size=2, page_token=page)
    seen += [one.id for one in answer.tasks]
    pages += 1
    page = answer.next_page_token
    if not page:
        break
holds("pages give each task once, newest first", seen == created[::-1] and pages == (len(created) + 1) // 2)
holds("a list in the full view", all(one.executors for one in client.list_tasks(view="FULL").tasks))


def found(**query):
    answer = requests.get(
        f"{url}/v1/tasks", params=query, headers={"Authorization": f"Bearer {token}"}, timeout=20
    )
    answer.raise_for_status()
    return [one["id"] for one in answer.json()["tasks"]]


holds("filter by name", found(name_prefix="cancelled") == [created[-1], created[-2]])
holds("filter by state", len(found(state="EXECUTOR_ERROR")) == 2 and found(state="PAUSED") == [])
holds("filter by tag", found(tag_key=["kind", "run"], tag_value=["content", "1"]) == [created[0]])
holds("a key alone matches any value", found(tag_key="kind", tag_value="") == [created[0]])
holds("a wrong value matches nothing", found(tag_key="kind", tag_value="other") == [])
holds("filters are joined by and", found(tag_key="kind", state="CANCELED") == [])
basic = requests.get(f"{url}/v1/tasks", auth=("anyone", token), timeout=20)
holds("the token is a password, too", basic.status_code == 200)

# What is refused, and how.
for what, body in [
    ("no executor", {"executors": []}),
    ("unknown image", {"executors": [{"image": "nope", "command": ["true"]}]}),
    ("a path that goes up", {"executors": [{"image": "alpine", "command": ["true"], "stdout": "/a/../b"}]}),
    ("a place of the image", {"executors": [{"image": "alpine", "command": ["true"], "stdout": "/usr/bin/x"}]}),
    ("a network", {"executors": [{"image": "alpine", "command": ["true"]}],
                   "inputs": [{"path": "/a/b", "url": "https://example.org/x"}]}),
    ("too much", {"executors": [{"image": "alpine", "command": ["true"]}], "resources": {"ram_gb": 999999}}),
]:
    answer = requests.post(
        f"{url}/v1/tasks", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20
    )
    problem = answer.json()
    holds(f"refuses {what}", answer.status_code == 400 and problem["code"] and problem["detail"])
holds("without login it is 401, never 404", requests.get(f"{url}/v1/tasks", timeout=20).status_code == 401)
try:
    client.get_task("job_00000000000000000000000000")
    holds("an unknown task is 404", False)
except requests.exceptions.HTTPError as error:
    holds("an unknown task is 404", error.response.status_code == 404)
print("DONE", flush=True)
