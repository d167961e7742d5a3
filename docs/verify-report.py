#!/usr/bin/env python3
"""Check the signature of a Glovebox report without Glovebox.

usage: verify-report.py REPORT.dsse.json KEY.pem [RESULT...]

KEY.pem is att.pub, or a certificate such as leaf.pem. The signed bytes are rebuilt as DSSE prescribes and handed to
OpenSSL; the subjects of the report are printed in the form of sha256sum. Each RESULT must have the digest of the
subject outputs/RESULT.

This shows who signed which bytes. It does not look at the certificate chain, the log, approvals or policies; that is
what `glovebox verify` is for. Exit status: 0 good, 1 refused, 2 usage or unreadable input.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://glovebox.example/attestation/job/v1"


class Refused(Exception):
    """The report is not what it claims to be."""


def members(pairs):
    """Build an object, refusing a member name that stands twice."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Refused("a JSON member name stands twice")
    return result


def parse(data):
    """Read JSON with one meaning per input."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=members)
    except ValueError as error:
        raise Refused(f"not JSON: {error}") from error


def decode(text):
    """Read base64 and require that writing it again gives the same text."""
    try:
        data = base64.b64decode(text, validate=True)
    except (TypeError, ValueError) as error:
        raise Refused(f"not base64: {error}") from error
    if base64.b64encode(data).decode() != text:
        raise Refused("base64 with spare bits")
    return data


def pae(kind, body):
    """The bytes that DSSE signs."""
    kind = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)


def public_key(path):
    """The PEM public key of a key file or certificate."""
    with open(path, "rb") as file:
        pem = file.read()
    if b"BEGIN CERTIFICATE" not in pem:
        return pem
    return subprocess.run(
        ["openssl", "x509", "-noout", "-pubkey", "-in", path], check=True, capture_output=True
    ).stdout


def check_signature(key, message, signature):
    """Let OpenSSL check ECDSA over SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, data in (("key", key), ("sig", signature), ("msg", message)):
            paths.append(os.path.join(folder, name))
            with open(paths[-1], "wb") as file:
                file.write(data)
        command = ["openssl", "dgst", "-sha256", "-verify", paths[0], "-signature", paths[1], paths[2]]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            raise Refused("the signature does not belong to these bytes and this key")


def subjects(envelope, key):
    """The subjects of a report whose signature is good, as (name, SHA-256) pairs."""
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise Refused("another payload type")
    if len(envelope["signatures"]) != 1:
        raise Refused("not exactly one signature")
    payload = decode(envelope["payload"])
    check_signature(key, pae(PAYLOAD_TYPE, payload), decode(envelope["signatures"][0]["sig"]))
    statement = parse(payload)
    if statement.get("_type") != STATEMENT_TYPE or statement.get("predicateType") != PREDICATE_TYPE:
        raise Refused("not a Glovebox report")
    pairs = [(subject["name"], subject["digest"]["sha256"]) for subject in statement["subject"]]
    return payload, pairs


def main(arguments):
    """Run the checks and print what was signed."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as file:
            envelope = parse(file.read())
        payload, pairs = subjects(envelope, public_key(arguments[1]))
        print(f"report {hashlib.sha256(payload).hexdigest()}")
        for name, digest in pairs:
            print(f"{digest}  {ascii(name)[1:-1]}")
        for path in arguments[2:]:
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            if (f"outputs/{os.path.basename(path)}", digest) not in pairs:
                raise Refused(f"{ascii(path)[1:-1]} is not the released file of that name")
    except Refused as error:
        print(f"REFUSED: {error}", file=sys.stderr)
        return 1
    except (KeyError, TypeError, AttributeError) as error:
        print(f"REFUSED: the report lacks a member: {error}", file=sys.stderr)
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    print("SIGNATURE GOOD")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
