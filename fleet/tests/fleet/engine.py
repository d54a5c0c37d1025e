"""Runs statements of SQL over a fleet's folder by another engine: rows as lines of JSON, an empty line between statements.

python tests/fleet/engine.py duckdb|spark FOLDER < statements.json
"""

import json
import sys

TABLES = ("recordings", "labels", "sites", "windows", "stacks", "events_bad", "metrics", "names")


def duckdb_engine(folder):
    import duckdb

    connection = duckdb.connect()
    for table in TABLES:
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{folder}/date=*/part-*/{table}.parquet')")
    return lambda sql: connection.execute(sql).fetchall()


def spark_engine(folder):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC")
    session = builder.config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2").getOrCreate()
    for table in TABLES:
        session.read.parquet(f"{folder}/date=*/part-*/{table}.parquet").createOrReplaceTempView(table)
    return lambda sql: [tuple(row) for row in session.sql(sql).collect()]


if __name__ == "__main__":
    run = {"duckdb": duckdb_engine, "spark": spark_engine}[sys.argv[1]](sys.argv[2])
    for statement in json.load(sys.stdin):
        print(json.dumps(run(statement), default=str))
