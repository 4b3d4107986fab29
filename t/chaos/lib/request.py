"""An entry of the clients' log (load.py): the request and the answer.

op   'sell' (also where there is none), 'hold', 'confirm', 'release', 'return'
sku, q   of one product; lines: [[sku, q], ...] of several.  A return may have
         neither: all that is left
of       the hold that is confirmed or released, the sale that is returned
told     the answer's lines"""

import collections
import hashlib

# Which of the answer's ids is that of the new sale, hold or return.
NAMES = {'sell': 'sale_id', 'hold': 'hold_id', 'confirm': 'sale_id',
         'release': 'hold_id', 'return': 'return_id'}

# The ledger's rows that a request with lines makes.
KINDS = {'sell': 'sale', 'hold': 'hold'}


def op(request):
    return request.get('op') or 'sell'


def named(request):
    """The id in an answer."""
    return request.get(NAMES[op(request)])


def lines(request):
    """{sku: pieces} of the request; equal SKUs are added up.  None: no product
    was named."""
    if request.get('lines') is not None:
        asked = collections.Counter()
        for sku, pieces in request['lines']:
            asked[sku] += pieces
        return dict(asked)
    if request.get('sku') is None:
        return None
    return {request['sku']: request['q']}


def restock(request):
    """Whether a return is put back into the stock."""
    return request.get('restock') is not False


def told(request):
    """{sku: pieces} of an answer of several lines."""
    return {line['sku']: line['quantity'] for line in request['told']}


def problem(request):
    """The name of a problem: urn:autostock:problem:no-hold."""
    return (request.get('type') or '').rsplit(':', 1)[-1]


def unknown(request):
    """Whether the client was left without a definite answer."""
    if request['status'] is None:
        return request.get('why') != 'refused'
    return request['status'] == 503 and 'unknown' in (
        request.get('type') or '')


def of_op(facts, *ops):
    """The requests of these kinds, look-ups left out."""
    return [r for r in facts['requests']
            if not r.get('alien') and op(r) in ops]


def asked(facts):
    """The checkouts and holds."""
    return of_op(facts, 'sell', 'hold')


def key_hash(key, scope=''):
    """stock_movement_key.idempotency_key of a request."""
    data = scope.encode() + b'\0' + key.encode()
    return hashlib.sha256(data).digest()[:16].hex()


def lines_text(asked_lines):
    pairs = sorted((sku.encode(), b'%d' % q) for sku, q in asked_lines.items())
    if len(pairs) == 1:
        return b'\0'.join(pairs[0])
    return b''.join(sku + b'\0' + q + b'\0' for sku, q in pairs)


def fingerprint(request):
    """stock_movement_key.fingerprint of a request.  A quantity alone, of a
    return, is a line without a SKU."""
    text, asked_lines = b'', lines(request)
    if op(request) == 'hold':
        seconds = request.get('seconds')
        text = b'\0hold\0' + (b'' if seconds is None else b'%d' % seconds) \
            + b'\0'
    if op(request) == 'return':
        text = b'\0return\0' + request['of'].encode() + b'\0' \
            + (b'1' if restock(request) else b'0') + b'\0'
        if asked_lines is None and request.get('q') is not None:
            asked_lines = {'': request['q']}
    return digest(text + lines_text(asked_lines or {}))


def digest(text):
    return hashlib.sha256(text).digest()[:8].hex()
