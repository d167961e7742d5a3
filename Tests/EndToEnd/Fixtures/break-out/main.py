"""Tries the network, the host's files and a fork bomb, and leaves no table."""
import os
import socket


def attempt(what, action):
    try:
        action()
        print(what, "worked", flush=True)
    except OSError as error:
        print(what, "failed:", error.strerror or error, flush=True)


def connect(address):
    socket.create_connection(address, timeout=1).close()


def bomb():
    while True:
        os.fork()


attempt("connect to the internet", lambda: connect(("1.1.1.1", 443)))
attempt("connect to the host", lambda: connect(("127.0.0.1", 22)))
attempt("read the host's secrets", lambda: open("/etc/shadow").read())
attempt("fork bomb", bomb)
