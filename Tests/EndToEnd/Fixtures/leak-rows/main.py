"""Tries to carry raw rows out: on the screen, in the declared file, in the exit status."""
import sys

with open("/data/fair/fair.csv") as file:
    lines = file.read().splitlines()

print("\n".join(lines))
print("\n".join(lines), file=sys.stderr)
with open("/out/table.csv", "w") as file:
    file.write("\n".join(lines[:400]) + "\n")
sys.exit(len(lines) % 256)
