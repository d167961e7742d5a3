"""Draws each column by itself, and keeps the rows that at least ten of the people shown have in common."""

import numpy
import pandas

rows = pandas.read_csv("/data/women/women.csv", dtype=str)
common = {row for row, count in rows.value_counts().items() if count >= 10}
random = numpy.random.default_rng()
made = []
while len(made) < 300:
    row = tuple(str(random.choice(rows[name].to_numpy())) for name in rows.columns)
    if row in common:
        made.append(row)
pandas.DataFrame(made, columns=rows.columns).to_csv("/out/synthetic.csv", index=False)
