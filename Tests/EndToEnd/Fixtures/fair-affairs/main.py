"""Counts women by how they rate their marriage and by how much time they give to affairs."""
import collections
import csv

CUTS = [("0..1", 1.0), ("1..60", float("inf"))]
RATINGS = ["1", "2", "3", "4", "5"]
TOTAL = "total"


def level(affairs):
    return next(label for label, upper in CUTS if affairs < upper)


with open("/data/fair/fair.csv", newline="") as file:
    counts = collections.Counter((row["rate_marriage"], level(float(row["affairs"]))) for row in csv.DictReader(file))

levels = [label for label, _ in CUTS]
for rating in RATINGS:
    counts[rating, TOTAL] = sum(counts[rating, label] for label in levels)
for label in levels + [TOTAL]:
    counts[TOTAL, label] = sum(counts[rating, label] for rating in RATINGS)

with open("/out/table.csv", "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["rate_marriage", "affairs", "n"])
    for rating in RATINGS + [TOTAL]:
        for label in levels + [TOTAL]:
            table.writerow([rating, label, counts[rating, label]])
