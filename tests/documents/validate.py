"""Whether files of documents fit a JSON Schema, by a validator and a YAML parser of other authors.

`validate.py SCHEMA FILE...` prints a line for each place that does not fit, and ends with 1 if there is one.
"""

import json
import sys

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML


def documents(path):
    """Those of a file: JSON, or YAML 1.2 with several in one text."""
    with open(path, encoding="utf-8") as file:
        if path.endswith(".json"):
            return [json.load(file)]
        return [found for found in YAML(typ="safe", pure=True).load_all(file) if found is not None]


def innermost(error):
    """Of alternatives, the one that came furthest says what is wrong."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error


def main(schema_path, paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    faults, count = 0, 0
    for path in paths:
        for at, document in enumerate(documents(path), 1):
            count += 1
            for error in map(innermost, validator.iter_errors(document)):
                faults += 1
                pointer = "".join(f"/{part}" for part in error.absolute_path)
                print(f"{path}, document {at} {pointer}: {error.message}")
    print(f"{count} documents, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
