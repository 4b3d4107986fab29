"""Invariant 3: an Idempotency-Key makes one sale, hold or return."""

import collections

import ledger
import request as asking
from violation import Violation

KEYED = ('sell', 'hold', 'return')


def made_by_key(facts):
    """{key: {id: fingerprint}} of the sales, holds and returns of each key."""
    returns = {part['id'] for part in facts['returns']}
    found = collections.defaultdict(dict)
    for movement in facts['movements']:
        if movement['kind'] in ledger.NUMBERED and movement['key']:
            found[movement['key']][movement['id']] = movement['fingerprint']
    for key, entry in facts['keys'].items():
        if entry['movement'] in returns:
            found[key][entry['movement']] = entry['fingerprint']
    return found


def keys_sell_once(facts):
    """3: one sale a key, every 200 names it, another body is 422."""
    made = made_by_key(facts)
    groups = collections.defaultdict(list)
    for request in asking.of_op(facts, *KEYED):
        if request['key']:
            groups[request['key']].append(request)
    for key, requests in groups.items():
        found = made.get(asking.key_hash(key, facts['scope']), {})
        if len(found) > 1:
            yield Violation('key-twice', f'the key {key} was sold '
                            f'{len(found)} times', made=found)
        yield from key_answers(key, requests, next(iter(found.values()), None))


def keys_are_kept(facts):
    """3: stock_movement_key has exactly the keys of the movements."""
    ledger_has = {(m['key'], m['id']) for m in facts['movements'] if m['key']}
    ledger_has |= {(key, name) for key, made in made_by_key(facts).items()
                   for name in made}
    kept = {(key, entry['movement']) for key, entry in facts['keys'].items()}
    for key, movement in sorted(ledger_has - kept):
        yield Violation('key-lost', 'a movement has a key that is not stored',
                        key=key, movement=movement)
    for key, movement in sorted(kept - ledger_has):
        yield Violation('key-orphan', 'a key is kept whose movement is not '
                        'there', key=key, movement=movement)


def key_answers(key, requests, made):
    """made: the fingerprint of the sale, hold or return; None: no such."""
    sold = [r for r in requests if r['status'] == 200]
    names = {asking.named(r) for r in sold}
    if len(names) > 1:
        yield Violation('key-twice', f'answers to the key {key} name '
                        f'{len(names)} sales', requests=sold)
    known = min((r['t1'] for r in sold), default=None)
    for request in requests:
        same = made is not None and made == asking.fingerprint(request)
        if request['status'] == 200 and made and not same:
            yield Violation('key-other-body', 'another body under the same '
                            'key was answered 200', request=request,
                            made=made)
        if request['status'] == 422 and (made is None or same):
            yield Violation('key-refused', '422, but no other request was '
                            'sold under this key', request=request,
                            made=made)
        if known is None or request['t0'] < known:
            continue
        allowed = {200, 503} if same else {422, 503}
        if request['status'] is not None \
                and request['status'] not in allowed:
            yield Violation('key-forgotten', f'{request["status"]} to a '
                            'request after its key had been answered 200',
                            request=request, made=made)
        if request['status'] == 200 and not request.get('replayed'):
            yield Violation('key-unmarked', 'a replay was not marked as one',
                            request=request)


RULES = (keys_sell_once, keys_are_kept)
