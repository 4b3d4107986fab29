"""Invariants 1 to 3: stock and ledger, answers and ledger, keys.

Every function takes the facts (see facts.py), with the movements that the
ledger's rows stand for (see ledger.py), and yields Violations."""

import bisect
import collections
import itertools

from facts import fingerprint, id_time, key_hash
from violation import Violation

# Definite answers of a checkout that asked for a product that exists.
EXPECTED = {200, 409, 422, 503}

# A version 7 id counts milliseconds, a client's clock microseconds.
CLOCK_SLACK = 0.005


def asked(facts):
    """The checkouts, look-ups left out."""
    return [r for r in facts['requests'] if not r.get('alien')]


def unknown(request):
    """Whether the client was left without a definite answer."""
    if request['status'] is None:
        return request.get('why') != 'refused'
    return request['status'] == 503 and 'unknown' in (
        request.get('type') or '')


def products_by_sku(facts):
    return {p['sku']: p for p in facts['products']}


def stock_is_ledger(facts):
    """1: stock = sum of the movements, never negative."""
    sums = collections.Counter()
    for movement in facts['movements']:
        sums[movement['product']] += movement['quantity']
    known = set()
    for product in facts['products']:
        known.add(product['id'])
        if product['stock'] != sums[product['id']]:
            yield Violation(
                'stock-is-ledger', f'{product["sku"]} has a stock of '
                f'{product["stock"]}, its movements add up to '
                f'{sums[product["id"]]}', product=product['id'])
        if product['stock'] < 0:
            yield Violation('stock-negative', f'{product["sku"]} has a stock '
                            f'of {product["stock"]}')
    for product in sorted(set(sums) - known):
        yield Violation('ledger-orphan', 'movements of a product that is '
                        'not there', product=product)
    if not facts['check']:
        yield Violation('stock-unchecked', 'the CHECK (stock >= 0) is gone: '
                        'nobody can say that stock was never negative')
    for sample in facts.get('negative', ()):
        yield Violation('stock-negative', 'a look at the running database '
                        'saw a negative stock', sample=sample)


def answers_have_movements(facts):
    """2: every 200 has exactly one movement, and it is the one asked for."""
    movements = {m['id']: m for m in facts['movements']}
    skus = products_by_sku(facts)
    fresh = {}
    for request in asked(facts):
        if request['status'] != 200:
            continue
        movement = movements.get(request.get('sale_id'))
        if movement is None:
            yield Violation('sale-missing', 'a buyer was told of a sale that '
                            'the ledger does not have', request=request)
            continue
        product = skus.get(request['sku'])
        if (movement['kind'] != 'sale'
                or movement['quantity'] != -request['q']
                or product is None or movement['product'] != product['id']):
            yield Violation('sale-differs', 'the sale named in an answer is '
                            'not what was asked', request=request,
                            movement=movement)
        wanted = key_hash(request['key'], facts['scope']) \
            if request['key'] else None
        if movement['key'] != wanted:
            yield Violation('sale-key', 'the sale named in an answer has '
                            'another key', request=request, movement=movement)
        if request.get('replayed'):
            continue
        other = fresh.setdefault(movement['id'], request)
        if other is not request:
            yield Violation('sale-twice', 'one movement was sold to two '
                            'buyers', first=other, second=request,
                            movement=movement)


def movements_have_answers(facts):
    """2: every movement was answered 200, or its client knows nothing."""
    named = {r.get('sale_id') for r in asked(facts) if r['status'] == 200}
    open_ids = {r.get('sale_id') for r in asked(facts) if unknown(r)}
    skus = {p['id']: p['sku'] for p in facts['products']}
    keyed = collections.defaultdict(list)
    for request in asked(facts):
        if request['key']:
            keyed[key_hash(request['key'], facts['scope'])].append(request)
    loose = collections.defaultdict(list)
    for movement in facts['movements']:
        if movement['kind'] != 'sale' or movement['quantity'] == 0 \
                or movement['id'] in named or movement['id'] in open_ids:
            continue
        if movement['key']:
            requests = keyed.get(movement['key'], [])
            if not any(unknown(r) for r in requests):
                yield Violation('sale-unanswered', 'a keyed movement, and '
                                'every request with its key had a definite '
                                'answer that does not name it',
                                movement=movement, requests=requests[:5])
            continue
        loose[skus.get(movement['product']),
              -movement['quantity']].append(movement)
    yield from match_loose(facts, loose)


def nothing_was_dropped(facts):
    """2: where no client left and no connection was cut ("all_answered"),
    every movement was answered: a request that was read is not lost."""
    if not facts.get('all_answered'):
        return
    named = {r.get('sale_id') for r in asked(facts) if r['status'] == 200}
    for movement in facts['movements']:
        if movement['kind'] == 'sale' and movement['quantity'] \
                and movement['id'] not in named:
            yield Violation('sale-dropped', 'a sale that nobody was told of, '
                            'and nothing had happened to its buyer',
                            movement=movement)


def match_loose(facts, loose):
    """Unnamed movements without a key: as many clients in the dark, and
    each of them asked before its movement was made."""
    silent = collections.defaultdict(list)
    for request in asked(facts):
        if not request['key'] and unknown(request) \
                and not request.get('sale_id'):
            silent[request['sku'], request['q']].append(request['t0'])
    for what, movements in sorted(loose.items(), key=str):
        times = sorted(silent[what])
        movements.sort(key=lambda m: id_time(m['id']))
        for count, movement in enumerate(movements, 1):
            made = id_time(movement['id']) + CLOCK_SLACK
            clients = bisect.bisect_right(times, made)
            if clients < count:
                yield Violation(
                    'sale-unanswered', f'{count} movements of {what[1]} x '
                    f'{what[0]} that nobody was told of, but only {clients} '
                    'clients without an answer by then', movement=movement)
                break


def statuses_expected(facts):
    """2: no answer that these well-formed requests cannot have."""
    expected = facts.get('expected') or EXPECTED
    for request in facts['requests']:
        status = request['status']
        if request.get('alien'):
            wrong = status not in (None, 200, 503)
        else:
            wrong = status is not None and status not in expected
        if wrong:
            yield Violation('answer-unexpected', f'{status} to a well-formed '
                            'request for a product that exists',
                            request=request)


def refusals_are_true(facts):
    """2: at some moment after a refused request came there was too little."""
    skus = products_by_sku(facts)
    sold = collections.defaultdict(list)
    start = collections.Counter()
    for m in facts['movements']:
        if m['kind'] == 'sale':
            sold[m['product']].append((id_time(m['id']), -m['quantity']))
        elif m['kind'] != 'restock':
            start[m['product']] += m['quantity']
    booked = collections.defaultdict(list)
    by_order = {m['order']: m for m in facts['movements']
                if m['kind'] == 'restock'}
    for call in (facts['factory'] or {}).get('called', ()):
        movement = by_order.pop(call['order'], None)
        if movement and call['status'] == 200:
            booked[movement['product']].append(
                (call['time'], movement['quantity']))
    sums = {}
    for name, table in (('sold', sold), ('booked', booked)):
        for product, moves in table.items():
            moves.sort()
            sums[name, product] = (
                [t for t, _ in moves],
                list(itertools.accumulate(q for _, q in moves)))

    def until(name, product, when):
        times, totals = sums.get((name, product), ((), ()))
        at = bisect.bisect_right(times, when)
        return totals[at - 1] if at else 0

    for request in asked(facts):
        product = skus.get(request['sku'])
        if request['status'] != 409 or product is None:
            continue
        least = (start[product['id']]
                 + until('booked', product['id'], request['t0'])
                 - until('sold', product['id'], request['t1'] + CLOCK_SLACK))
        if least >= request['q']:
            yield Violation('refusal-untrue', f'refused, though never less '
                            f'than {least} were there while it waited',
                            request=request)


def keys_sell_once(facts):
    """3: one sale a key, every 200 names it, another body is 422."""
    movements = collections.defaultdict(list)
    for movement in facts['movements']:
        if movement['kind'] == 'sale' and movement['key']:
            movements[movement['key']].append(movement)
    groups = collections.defaultdict(list)
    for request in asked(facts):
        if request['key']:
            groups[request['key']].append(request)
    for key, requests in groups.items():
        found = movements.get(key_hash(key, facts['scope']), [])
        if len(found) > 1:
            yield Violation('key-twice', f'the key {key} was sold '
                            f'{len(found)} times', movements=found)
        yield from key_answers(key, requests, found[0] if found else None)


def keys_are_kept(facts):
    """3: stock_movement_key has the movements' keys, all of them, no
    other."""
    ledger = {(m['key'], m['id']) for m in facts['movements'] if m['key']}
    kept = {(key, entry['movement']) for key, entry in facts['keys'].items()}
    for key, movement in sorted(ledger - kept):
        yield Violation('key-lost', 'a movement has a key that nobody keeps',
                        key=key, movement=movement)
    for key, movement in sorted(kept - ledger):
        yield Violation('key-orphan', 'a key is kept whose movement is not '
                        'there', key=key, movement=movement)


def key_answers(key, requests, movement):
    sold = [r for r in requests if r['status'] == 200]
    names = {r.get('sale_id') for r in sold}
    if len(names) > 1:
        yield Violation('key-twice', f'answers to the key {key} name '
                        f'{len(names)} sales', requests=sold)
    known = min((r['t1'] for r in sold), default=None)
    for request in requests:
        same = movement is not None and movement['fingerprint'] \
            == fingerprint(request['sku'], request['q'])
        if request['status'] == 200 and movement and not same:
            yield Violation('key-other-body', 'another body under the same '
                            'key was answered 200', request=request,
                            movement=movement)
        if request['status'] == 422 and (movement is None or same):
            yield Violation('key-refused', '422, but no other request was '
                            'sold under this key', request=request,
                            movement=movement)
        if known is None or request['t0'] < known:
            continue
        allowed = {200, 503} if same else {422, 503}
        if request['status'] is not None \
                and request['status'] not in allowed:
            yield Violation('key-forgotten', f'{request["status"]} to a '
                            'request after its key had been answered 200',
                            request=request, movement=movement)
        if request['status'] == 200 and not request.get('replayed'):
            yield Violation('key-unmarked', 'a replay was not marked as one',
                            request=request)


def stock_told_is_true(facts):
    """The stock told to buyers: from one sale to the next there is a chain
    from the first stock to the last, as each sale leaves what the next one
    finds.  Links are missing for sales that nobody was told of."""
    if not facts.get('strict_stock'):
        return
    movements = {m['id']: m for m in facts['movements']}
    told = {}
    for request in asked(facts):
        if request['status'] == 200 and not request.get('replayed') \
                and request.get('sale_id') in movements:
            told[request['sale_id']] = request
    for product in facts['products']:
        level = collections.Counter()
        missing = 0
        first = 0
        for m in facts['movements']:
            if m['product'] != product['id'] or m['quantity'] == 0:
                continue
            if m['kind'] == 'opening':
                first += m['quantity']
            elif m['id'] in told:
                stock = told[m['id']]['stock']
                level[stock - m['quantity']] += 1
                level[stock] -= 1
            else:
                missing += 1
        level[first] -= 1
        level[product['stock']] += 1
        wrong = sum(abs(n) for n in level.values()) // 2
        if wrong > missing:
            yield Violation(
                'stock-told', f'{product["sku"]}: {wrong} answers tell a '
                f'stock that no order of the sales explains ({missing} sales '
                'without an answer)',
                levels={k: v for k, v in sorted(level.items()) if v})


def calm_is_answered(facts):
    """5: once a fault is over, everything is answered again."""
    for begin, end in facts.get('calm', ()):
        for request in facts['requests']:
            if not begin <= request['t0'] <= end or request.get('why') \
                    in ('left', 'closed-idle'):
                continue
            status = request['status']
            if status is None or status >= 500:
                yield Violation(
                    'late-error', f'{status or request.get("why")} '
                    f'{request["t0"] - begin:.3f} s after the fault was over '
                    'and the service back', request=request)


RULES = (stock_is_ledger, answers_have_movements, movements_have_answers,
         nothing_was_dropped, statuses_expected, refusals_are_true,
         keys_sell_once, keys_are_kept, stock_told_is_true,
         calm_is_answered)
