"""Reads a Parquet report with DuckDB and with pyarrow and compares every value with the CSV report of the same trace.

python3 tests/read_parquet.py T.parquet T.csv; ends with 77 where the two are not installed.
"""

import csv
import math
import struct
import sys

try:
    import duckdb
    import pyarrow.parquet as parquet
except ImportError as error:
    print(error)
    sys.exit(77)


def same(value, text):
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, float):
        nearest = struct.unpack("f", struct.pack("f", float(text)))[0]
        return math.isnan(value) and math.isnan(nearest) or value == nearest
    return str(value) == text


def compare(reader, names, rows, expected):
    assert names == expected[0], (reader, names)
    assert len(rows) == len(expected) - 1, (reader, len(rows))
    for number, (row, texts) in enumerate(zip(rows, expected[1:])):
        for name, value, text in zip(names, row, texts):
            assert same(value, text), (reader, number, name, value, text)
    print(f"{reader}: {len(rows)} rows of {len(names)} columns are those of the CSV")


table, text = sys.argv[1:]
with open(text, newline="", encoding="utf-8") as lines:
    expected = list(csv.reader(lines))
found = duckdb.sql(f"select * from read_parquet('{table}')")
compare("duckdb", found.columns, found.fetchall(), expected)
found = parquet.read_table(table)
compare("pyarrow", found.column_names, list(zip(*[column.to_pylist() for column in found.columns])), expected)
about = parquet.read_metadata(table).metadata
assert b"fingerprint" in about, about
