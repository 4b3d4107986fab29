#!/usr/bin/python3
"""docs/openapi.yaml for the tests.

  document.py json    the document as JSON, every $ref replaced by its target
  document.py check   reads exchanges, one JSON object a line: path (of the
                      document), method, status, headers (lower-case names),
                      body; prints what the document does not allow
"""

import json
import os
import sys

import jsonschema
import yaml

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    '../../docs/openapi.yaml')


def resolved(node, document):
    """The node with each $ref resolved; the members beside it are kept."""
    if isinstance(node, list):
        return [resolved(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    beside = {key: resolved(value, document) for key, value in node.items()
              if key != '$ref'}
    if not isinstance(node.get('$ref'), str):
        return beside
    target = document
    for part in node['$ref'].removeprefix('#/').split('/'):
        target = target[part]
    return {**resolved(target, document), **beside}


def load():
    with open(FILE, encoding='utf-8') as file:
        document = yaml.safe_load(file)
    return resolved(document, document)


def wrong_value(value, schema):
    """What the schema does not allow in the value."""
    validator = jsonschema.Draft202012Validator(schema)
    return [f'{"/".join(map(str, e.path))}: {e.message}'
            for e in validator.iter_errors(value)]


def wrong_headers(headers, described):
    for name, header in described.items():
        value = headers.get(name.lower())
        if value is None:
            if header.get('required'):
                yield f'no header {name}'
            continue
        if header['schema'].get('type') == 'integer':
            value = int(value)
        for wrong in wrong_value(value, header['schema']):
            yield f'header {name}: {wrong}'


def wrong_body(headers, body, content):
    if not content:
        if body:
            yield 'there is a body'
        return
    kind = headers.get('content-type', '').split(';')[0]
    if kind not in content:
        yield f'Content-Type {kind} is not one of {", ".join(content)}'
        return
    if kind.endswith('json'):
        try:
            body = json.loads(body)
        except ValueError as error:
            yield f'the body is not JSON: {error}'
            return
    yield from wrong_value(body, content[kind]['schema'])


def described(exchange, document):
    """The response that the document describes, or None."""
    item = document['paths'][exchange['path']]
    operation = item.get(exchange['method'].lower())
    if operation is None:
        return item['x-other-methods'] if exchange['status'] == 405 else None
    return operation['responses'].get(str(exchange['status']))


def findings(exchange, document):
    response = described(exchange, document)
    if response is None:
        yield f'status {exchange["status"]} is not in the document'
        return
    headers = exchange['headers']
    # nginx's own error pages lack the module's headers
    if not headers.get('content-type', '').startswith('text/html'):
        yield from wrong_headers(headers, response.get('headers', {}))
    if exchange['method'] != 'HEAD':
        yield from wrong_body(headers, exchange['body'],
                              response.get('content', {}))


def main():
    document = load()
    if sys.argv[1:] == ['json']:
        json.dump(document, sys.stdout)
    elif sys.argv[1:] == ['check']:
        for line in sys.stdin:
            exchange = json.loads(line)
            for finding in findings(exchange, document):
                print(exchange['method'], exchange['path'],
                      exchange.get('name', ''), exchange['status'], finding)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
