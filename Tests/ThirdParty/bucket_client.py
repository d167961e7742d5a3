"""Runs tasks on objects of buckets: usage: bucket_client.py URL TOKEN S3 CERTIFICATE ACCESS_KEY SECRET

URL is a site with the buckets b-in, b-out and b-shut of the service S3; the keys that it has for b-shut are wrong, and
b-none it has not. Prints one line for each thing that holds, and ends with a traceback at the first that does not.
"""
import base64
import hashlib
import json
import sys
import time

import boto3
import requests

url, token, service, certificate, access, secret = sys.argv[1:7]
tasks = url + "/ga4gh/tes/v1/tasks"
http = requests.Session()
http.headers["Authorization"] = "Bearer " + token
objects = boto3.client(
    "s3",
    endpoint_url=service,
    verify=certificate,
    aws_access_key_id=access,
    aws_secret_access_key=secret,
    region_name="us-east-1",
)


def holds(what, condition, told=""):
    if not condition:
        raise AssertionError(f"{what}: {told}")
    print("ok", what, flush=True)


def create(inputs, outputs, *command, **more):
    executor = {"image": "alpine", "command": list(command), **more}
    return http.post(tasks, json={"inputs": inputs, "outputs": outputs, "executors": [executor]})


def ended(made):
    assert made.status_code == 200, made.text
    for _ in range(600):
        task = http.get(f"{tasks}/{made.json()['id']}?view=FULL").json()
        if task["state"] not in ("QUEUED", "INITIALIZING", "RUNNING"):
            return task, " ".join(task["logs"][0]["system_logs"])
        time.sleep(0.2)
    raise AssertionError(task)


def source(address, path="/data/in.txt"):
    return {"url": address, "path": path, "type": "FILE"}


def target(address, path="/out-data/a.txt", **more):
    return {"url": address, "path": path, "type": "FILE", **more}


text = b"one\ntwo\n"
objects.put_object(Bucket="b-in", Key="x y/in ü+1%.txt", Body=text)
storage = http.get(url + "/ga4gh/tes/v1/service-info").json()["storage"]
holds("service-info lists the buckets", "s3://b-in/" in storage and "s3://b-none/" not in storage)

made = create(
    [source("s3://b-in/x y/in ü+1%.txt")],
    [
        target("s3://b-out/run/a.txt"),
        target("s3://b-out/all/", "/out-data/*.txt", path_prefix="/out-data"),
    ],
    "sh", "-c", "tr a-z A-Z > /out-data/a.txt; cp /data/in.txt '/out-data/b c.txt'",
    stdin="/data/in.txt",
)
first = http.get(f"{tasks}/{made.json()['id']}?view=FULL").json()["logs"][0]["system_logs"]
holds("what is read and written is announced", sum("s3://b-" in line for line in first) == 3, first)
task, said = ended(made)
holds("a task on objects completes", task["state"] == "COMPLETE", task)
stored = {key: objects.get_object(Bucket="b-out", Key=key)["Body"].read() for key in ("run/a.txt", "all/b c.txt")}
holds("its outputs stand in the bucket", stored == {"run/a.txt": text.upper(), "all/b c.txt": text}, stored)
listed = {output["url"] for output in task["logs"][0]["outputs"]}
holds("they are listed", {"s3://b-out/run/a.txt", "s3://b-out/all/b c.txt"} <= listed, listed)
receipt = http.get(f"{url}/glovebox/v1/jobs/{task['id']}/receipt").json()
record = next(file for file in receipt["files"] if file["path"] == "disclosure.json")
fetched = json.loads(base64.b64decode(record["content"]))["fetched"]
holds("the record tells what was read", fetched[0]["sha256"]["sha256"] == hashlib.sha256(text).hexdigest(), fetched)

task, said = ended(create([source("s3://b-in/none")], [target("s3://b-out/never")], "true"))
holds("an object that is missing ends the task", task["state"] == "SYSTEM_ERROR" and "s3://b-in/none" in said, said)

made = create([source("s3://b-none/x")], [], "true")
told = " ".join(http.get(f"{tasks}/{made.json()['id']}?view=FULL").json()["logs"][0]["system_logs"])
holds("that the site has no such bucket is announced", "it has not now" in told, told)
task, said = ended(made)
holds("and ends the task when it is staged", task["state"] == "SYSTEM_ERROR" and "no bucket b-none" in said, said)

task, said = ended(create([source("s3://b-shut/x")], [], "true"))
holds("keys that do not open end it, too", task["state"] == "SYSTEM_ERROR" and "HTTP status 403" in said, said)
holds("keys are told to nobody", "wrong-secret" not in said and secret not in json.dumps(task))

task, said = ended(
    create([], [target("s3://b-shut/out"), target("s3://b-out/both")], "sh", "-c", "echo x > /out-data/a.txt")
)
holds("an output that cannot be written is told", task["state"] == "COMPLETE" and "Not every output" in said, said)
holds("and the others are written", objects.get_object(Bucket="b-out", Key="both")["Body"].read() == b"x\n")

for address in ("s3://b-in", "s3://b-in/", "s3://B_in/x", "s3://b-in/a/../b", "s3://b-in//x", "gs://b-in/x", "s3:///x"):
    holds(f"{address} is refused", create([source(address)], [], "true").status_code == 400)
directory = {**source("s3://b-in/x"), "type": "DIRECTORY"}
holds("so is a directory", create([directory], [], "true").status_code == 400)
print("DONE")
