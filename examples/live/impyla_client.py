"""Asks a server for rows as programs do that use Hive or Impala, over SASL."""

import argparse

from impala.dbapi import connect

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--password", default="wonderland")
args = parser.parse_args()

connection = connect(
    host="127.0.0.1",
    port=args.port,
    auth_mechanism="PLAIN",
    user="alice",
    password=args.password,
    timeout=20,
    retries=1,
)
cursor = connection.cursor()
cursor.execute("select id, name from planets")
print([column[:2] for column in cursor.description])
for row in cursor.fetchall():
    print(row)
cursor.close()
connection.close()
