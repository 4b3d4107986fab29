"""What Schemathesis cannot know: orders that exist, their signatures, products,
holds and sales.  A request that is not valid stays as it is."""

import hashlib
import hmac
import os
import random
import re

import schemathesis

SECRET = os.environ['OPENAPI_SECRET'].encode()
ORDERS = int(os.environ['OPENAPI_ORDERS'])
SKUS = ['CP-502101', 'A//B', '..', '감자칩 🍟', "x' OR 1=1 --"]

# Why a request that the schema allows may be answered 400: rules that the
# document cannot express.
REFUSED = re.compile('must add up to|quantity is for a sale of one product')

chance = random.Random(int(os.environ['OPENAPI_SEED']))
made = {'hold_id': [], 'sale_id': []}


def order_id(number):
    return f'0198b7a0-5e11-7000-8000-{number:012d}'


def signature(order):
    return hmac.new(SECRET, order.encode(), hashlib.sha256).hexdigest()


def is_signed(query):
    """Both arguments have the form of the document."""
    return (re.fullmatch('[0-9a-f-]{36}', str(query.get('order')))
            and re.fullmatch('[0-9a-f]{64}', str(query.get('signature'))))


def is_sku(value):
    return (isinstance(value, str) and 0 < len(value) <= 200
            and not re.search('[\x00-\x1f\x7f-\x9f\ud800-\udfff]', value))


def whole(value):
    """2.0 is an integer for JSON Schema, but not for the module."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return value


def put_sku(values):
    if not isinstance(values, dict):
        return
    value = values.get('sku')
    if is_sku(value) and chance.random() < 0.6:
        values['sku'] = chance.choice(SKUS)
    elif isinstance(value, list) and all(is_sku(sku) for sku in value):
        values['sku'] = [chance.choice(SKUS) if chance.random() < 0.6 else sku
                         for sku in value]


def put_skus(body):
    if not isinstance(body, dict):
        return
    put_sku(body)
    for line in body['lines'] if isinstance(body.get('lines'), list) else []:
        put_sku(line)


def put_ids(body):
    """Replaces an id of the right form by that of an existing hold or sale."""
    for name, ids in made.items():
        value = body.get(name) if isinstance(body, dict) else None
        if ids and isinstance(value, str) \
                and re.fullmatch('[0-9a-fA-F-]{36}', value) \
                and chance.random() < 0.8:
            body[name] = chance.choice(ids[-40:])


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    put_sku(case.query)
    put_skus(case.body)
    put_ids(case.body)
    if is_signed(case.query or {}) and chance.random() < 0.9:
        order = order_id(chance.randint(0, ORDERS))
        case.query['order'] = order
        case.query['signature'] = signature(order)


@schemathesis.hook
def after_call(context, case, response):
    try:
        answer = response.json()
    except ValueError:
        return
    for name, ids in made.items():
        if isinstance(answer, dict) and name in answer:
            ids.append(answer[name])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not (response.status_code == 400
                and REFUSED.search(response.text))
