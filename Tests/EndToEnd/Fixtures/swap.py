"""Swaps code, image and table as fast as it is let; keeps how often in the file `swaps` beside the code, to a hundred.

usage: swap.py CODE TABLE IMAGE OTHER-IMAGE
"""
import os
import sys
import time

code, table, image, other = sys.argv[1:]
spare = code + "/../spare"
program = open(code + "/main.py").read()
rows = open(table, "rb").read()
kept = image + ".kept"
os.link(image, kept)
swaps = 0


def put(name, text):
    """Another file under a name the tree has already."""
    with open(spare, "w") as file:
        file.write(text)
    os.rename(spare, code + "/" + name)


def put_image(path):
    """A file takes the image's place in the store."""
    os.link(path, spare)
    os.rename(spare, image)


while True:
    swaps += 1
    put("main.py", f"import time; time.sleep(2)\n{program}# {swaps}\n")
    with open(code + "/part", "r+b") as file:
        file.write(bytes([swaps % 256]) * 4096)
    if swaps % 3 == 0:
        os.symlink("main.py", spare)
        os.rename(spare, code + "/part2")
    else:
        put("part2", str(swaps))
    put_image(other if swaps % 2 == 1 else kept)
    if swaps % 100 == 0:
        with open(table, "wb") as file:
            file.write(rows[:1000] + bytes(swaps % 5000))
        with open(spare, "w") as file:
            file.write(str(swaps))
        os.rename(spare, code + "/../swaps")
    time.sleep(0.0005)
