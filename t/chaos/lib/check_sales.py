"""Invariants 1 and 2: stock and ledger, answers and ledger: of checkouts and
holds, of one product or of several.

Every function takes the facts (see facts.py), with the movements that the
ledger's rows stand for (see ledger.py), and yields Violations."""

import bisect
import collections
import itertools

import request as asking
from facts import id_time
from request import asked, unknown
from violation import Violation

# Definite answers to a request about an existing product.
EXPECTED = {200, 409, 422, 503}

# A version 7 id counts milliseconds, a client's clock microseconds.
CLOCK_SLACK = 0.005

# Seconds within which an operator's change is committed.
COMMIT_S = 1


def products_by_sku(facts):
    return {p['sku']: p for p in facts['products']}


def goods(facts, parts):
    """Movements as a client names them: {sku: pieces}."""
    skus = {p['id']: p['sku'] for p in facts['products']}
    return {skus.get(m['product']): -m['quantity'] for m in parts}


def stock_is_ledger(facts):
    """1: stock = sum of the movements, never negative.  (The row that an
    answer waits for has no product where the request names none.)"""
    sums = collections.Counter()
    for movement in facts['movements']:
        if movement['quantity']:
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
                        'it is not known that stock was never negative')
    for sample in facts.get('negative', ()):
        yield Violation('stock-negative', 'a query of the running database '
                        'saw a negative stock', sample=sample)


def answer_differs(facts, request, parts):
    """An answer and the movements that it names."""
    wanted = asking.lines(request)
    found = goods(facts, parts)
    what = asking.KINDS[asking.op(request)]
    if set(found) != set(wanted) and set(found) & set(wanted):
        yield Violation('cart-half', 'a cart is not whole in the ledger',
                        request=request, movements=parts)
    elif found != wanted or {m['kind'] for m in parts} != {what}:
        yield Violation(f'{what}-differs', f'the {what} named in an answer '
                        'is not as requested', request=request,
                        movements=parts)
    if request.get('told') and asking.told(request) != wanted:
        yield Violation('lines-told', 'an answer has other lines than its '
                        'request', request=request)


def answers_have_movements(facts):
    """2: every 200 has exactly one movement of each product, as requested."""
    fresh = {}
    for request in asked(facts):
        if request['status'] != 200:
            continue
        what = asking.KINDS[asking.op(request)]
        name = asking.named(request)
        parts = facts['parts'].get(name)
        if parts is None:
            yield Violation(f'{what}-missing', f'an answer names a {what} '
                            'that the ledger does not have', request=request)
            continue
        yield from answer_differs(facts, request, parts)
        wanted = asking.key_hash(request['key'], facts['scope']) \
            if request['key'] else None
        if {m['key'] for m in parts} != {wanted}:
            yield Violation('sale-key', f'the {what} named in an answer has '
                            'another key', request=request, movements=parts)
        if request.get('replayed'):
            continue
        other = fresh.setdefault(name, request)
        if other is not request:
            yield Violation(f'{what}-twice', f'one {what} was given to two '
                            'buyers', first=other, second=request,
                            movements=parts)


def movements_have_answers(facts):
    """2: every sale and hold was answered 200, or its client has no
    answer."""
    named = {asking.named(r) for r in asked(facts) if r['status'] == 200}
    open_ids = {asking.named(r) for r in asked(facts) if unknown(r)}
    keyed = collections.defaultdict(list)
    for request in asked(facts):
        if request['key']:
            keyed[asking.key_hash(request['key'], facts['scope'])] \
                .append(request)
    loose = collections.defaultdict(list)
    for name, parts in facts['parts'].items():
        if name in named:
            continue
        kind, key = parts[0]['kind'], parts[0]['key']
        found = goods(facts, parts)
        if key or name in open_ids:
            requests = [r for r in (keyed.get(key, ()) if key
                                    else asked(facts))
                        if unknown(r) and (key or asking.named(r) == name)]
            if not any(asking.lines(r) == found
                       and asking.KINDS[asking.op(r)] == kind
                       for r in requests):
                yield Violation(f'{kind}-unanswered', f'a {kind}, and every '
                                'request that may have been it had a definite '
                                'answer that does not name it, or asked for '
                                'something else', movements=parts,
                                requests=(requests or keyed.get(key, []))[:5])
            continue
        loose[kind, frozenset(found.items())].append(name)
    yield from match_loose(facts, loose)


def nothing_was_dropped(facts):
    """2: where no client disconnected and no connection was cut
    ("all_answered"), every movement was answered: nginx loses no request that
    it has read."""
    if not facts.get('all_answered'):
        return
    named = {asking.named(r) for r in asked(facts) if r['status'] == 200}
    for name, parts in facts['parts'].items():
        if name not in named:
            yield Violation('sale-dropped', 'a sale or hold that no answer '
                            'names, although its client did not disconnect',
                            movements=parts)


def match_loose(facts, loose):
    """Sales and holds without a key that no answer names: as many clients have
    no answer, and each of them sent its request before."""
    silent = collections.defaultdict(list)
    for request in asked(facts):
        if not request['key'] and unknown(request) \
                and not asking.named(request):
            silent[asking.KINDS[asking.op(request)],
                   frozenset(asking.lines(request).items())].append(
                       request['t0'])
    for what, names in sorted(loose.items(), key=str):
        times = sorted(silent[what])
        names.sort(key=id_time)
        for count, name in enumerate(names, 1):
            # an id has the time at which its batch began to gather
            made = max(id_time(name), facts['parts'][name][0]['time'])
            clients = bisect.bisect_right(times, made + CLOCK_SLACK)
            if clients < count:
                shown = ', '.join(f'{q} x {sku}' for sku, q in what[1])
                yield Violation(
                    f'{what[0]}-unanswered', f'{count} of {shown} that '
                    f'no answer names, but only {clients} clients without '
                    'an answer by then', movements=facts['parts'][name])
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


def taken(facts):
    """The pieces taken from each stock: [(when at the earliest, pieces)]."""
    found = collections.defaultdict(list)
    for m in facts['movements']:
        if m['kind'] in ('sale', 'hold', 'confirm'):
            found[m['product']].append((id_time(m['id']), -m['quantity']))
        elif m['kind'] == 'adjustment' and m['quantity'] < 0:
            found[m['product']].append((m['time'], -m['quantity']))
    return found


def given(facts):
    """The pieces added to each stock: [(when at the latest, pieces)].  Those
    that no answer names are left out: the time of their commit is not
    known."""
    skus = products_by_sku(facts)
    found = collections.defaultdict(list)
    for m in facts['movements']:
        if m['kind'] == 'adjustment' and m['quantity'] > 0:
            found[m['product']].append((m['time'] + COMMIT_S, m['quantity']))
    by_order = {m['order']: m for m in facts['movements']
                if m['kind'] == 'restock'}
    for call in (facts['factory'] or {}).get('called', ()):
        movement = by_order.pop(call['order'], None)
        if movement and call['status'] == 200:
            found[movement['product']].append(
                (call['time'], movement['quantity']))
    for request in asking.of_op(facts, 'release', 'return'):
        if request['status'] != 200 or request.get('replayed') \
                or not asking.restock(request):
            continue
        for sku, pieces in asking.told(request).items():
            if sku in skus:
                found[skus[sku]['id']].append((request['t1'], pieces))
    return found


class Sums:
    """Pieces of each product until a time."""

    def __init__(self, moves):
        self.sums = {}
        for product, pairs in moves.items():
            pairs.sort()
            self.sums[product] = (
                [t for t, _ in pairs],
                list(itertools.accumulate(q for _, q in pairs)))

    def until(self, product, when):
        times, totals = self.sums.get(product, ((), ()))
        at = bisect.bisect_right(times, when)
        return totals[at - 1] if at else 0


def refused_lines(request):
    """The lines that a 409 refuses: {sku: pieces}."""
    wanted = asking.lines(request)
    if not request.get('told'):
        return wanted
    return {line['sku']: wanted.get(line['sku'], 0)
            for line in request['told']}


def refusals_are_true(facts):
    """2: at some moment after a refused request arrived, the stock was too low
    for each line that its answer names."""
    skus = products_by_sku(facts)
    start = collections.Counter()
    for m in facts['movements']:
        if m['kind'] == 'opening':
            start[m['product']] += m['quantity']
    less, more = Sums(taken(facts)), Sums(given(facts))
    for request in asked(facts):
        if request['status'] != 409:
            continue
        for sku, pieces in refused_lines(request).items():
            if sku not in skus:
                continue
            product = skus[sku]['id']
            least = (start[product] + more.until(product, request['t0'])
                     - less.until(product, request['t1'] + CLOCK_SLACK))
            if least >= pieces:
                yield Violation('refusal-untrue', f'{pieces} x {sku} refused, '
                                f'although the stock was never below {least} '
                                'while it waited', request=request)


def stock_told_is_true(facts):
    """The stock in the answers: the sales form a chain from the first stock to
    the last, since each begins with the stock that the one before left.  Links
    are missing for sales that no answer names."""
    if not facts.get('strict_stock'):
        return
    told = {}
    for request in asked(facts):
        if request['status'] == 200 and not request.get('replayed'):
            lines = request.get('told') or [
                {'sku': request['sku'], 'stock': request['stock']}]
            told.update(((asking.named(request), line['sku']), line['stock'])
                        for line in lines)
    for product in facts['products']:
        level = collections.Counter()
        missing = 0
        first = 0
        for m in facts['movements']:
            if m['product'] != product['id'] or m['quantity'] == 0:
                continue
            if m['kind'] == 'opening':
                first += m['quantity']
            elif (m['id'], product['sku']) in told:
                stock = told[m['id'], product['sku']]
                level[stock - m['quantity']] += 1
                level[stock] -= 1
            else:
                missing += 1
        level[first] -= 1
        level[product['stock']] += 1
        wrong = sum(abs(n) for n in level.values()) // 2
        if wrong > missing:
            yield Violation(
                'stock-told', f'{product["sku"]}: {wrong} answers have a '
                f'stock that no order of the sales explains ({missing} sales '
                'without an answer)',
                levels={k: v for k, v in sorted(level.items()) if v})


def calm_is_answered(facts):
    """5: after a fault all requests are answered again."""
    for begin, end in facts.get('calm', ()):
        for request in facts['requests']:
            if not begin <= request['t0'] <= end or request.get('why') \
                    in ('left', 'closed-idle'):
                continue
            status = request['status']
            if status is None or status >= 500:
                yield Violation(
                    'late-error', f'{status or request.get("why")} '
                    f'{request["t0"] - begin:.3f} s after the fault had ended '
                    'and all workers sold again', request=request)


RULES = (stock_is_ledger, answers_have_movements, movements_have_answers,
         nothing_was_dropped, statuses_expected, refusals_are_true,
         stock_told_is_true, calm_is_answered)
