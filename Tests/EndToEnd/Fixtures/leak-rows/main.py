"""Tries to carry raw rows out: on the screen and in the declared file."""
import sys

with open("/data/fair/fair.csv") as file:
    lines = file.read().splitlines()

print("\n".join(lines))
print("\n".join(lines), file=sys.stderr)
with open("/out/table.csv", "w") as file:
    file.write("\n".join(lines[:400]) + "\n")
