"""Share of women with an affair, their mean age, share of the very religious: for the block of rows that is shown."""
import csv
import json

with open("/data/fair/fair.csv", newline="") as file:
    rows = list(csv.DictReader(file))
share = sum(float(row["affairs"]) > 0 for row in rows) / len(rows)
age = sum(float(row["age"]) for row in rows) / len(rows)
devout = sum(row["religious"] == "4" for row in rows) / len(rows)
with open("/out/result.json", "w") as file:
    json.dump([share, age, devout], file)
