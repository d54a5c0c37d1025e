"""Reads tables with pyarrow, DuckDB and Polars, and prints the sums that each of them finds, as JSON.

Arguments: a folder with files such as `events.csv`, and the forms that are in it.
"""

import json
import sys

import duckdb
import polars
import pyarrow.compute
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

SUMS = {"events": "live_bytes", "blocks": "size", "sites": "outstanding_bytes", "logs": "ticks", "problems": "count"}


def with_pyarrow(path, form, column):
    read = {"csv": pyarrow.csv.read_csv, "jsonl": pyarrow.json.read_json, "parquet": pyarrow.parquet.read_table}[form]
    table = read(path)
    return table.num_rows, pyarrow.compute.sum(table[column]).as_py() or 0, table.column_names


def with_duckdb(path, form, column):
    read = {"csv": "read_csv", "jsonl": "read_json", "parquet": "read_parquet"}[form]
    source = f"{read}('{path}')"
    rows, total = duckdb.execute(f"select count(*), sum({column}) from {source}").fetchone()
    columns = [row[0] for row in duckdb.execute(f"describe select * from {source}").fetchall()]
    return rows, int(total or 0), columns


def with_polars(path, form, column):
    read = {"csv": polars.read_csv, "jsonl": polars.read_ndjson, "parquet": polars.read_parquet}[form]
    table = read(path)
    return table.height, table[column].sum() or 0, table.columns


def main(folder, forms):
    found = {}
    for table, column in SUMS.items():
        for form in forms:
            path = f"{folder}/{table}.{form}"
            heading = 1 if form == "csv" else 0
            if form != "parquet" and open(path, "rb").read().count(b"\n") <= heading:
                continue  # without rows, a column has no type in this form
            readers = [with_pyarrow, with_duckdb, with_polars]
            for reader in readers:
                rows, total, columns = reader(path, form, column)
                found[f"{table} {form} {reader.__name__}"] = {"rows": rows, "sum": total, "columns": list(columns)}
    print(json.dumps(found))


main(sys.argv[1], sys.argv[2:])
