"""Holds: pieces are held once, and sold once or given back once."""

import collections

import request as asking
from violation import Violation

SETTLED = ('confirmed', 'released', 'expired')

# An answer's expires_at counts milliseconds.
EXPIRES_SLACK = 0.0011


def held_is_holds(facts):
    """product.held = pieces of the lines of open holds."""
    sums = collections.Counter()
    for hold in facts['holds']:
        if hold['state'] == 'held':
            sums.update(hold['lines'])
    for product in facts['products']:
        if product['held'] != sums[product['id']]:
            yield Violation('held-is-holds', f'{product["sku"]} has '
                            f'{product["held"]} pieces held, its open holds '
                            f'have {sums[product["id"]]}', product=product)


def holds_are_movements(facts):
    """A hold has exactly the lines that its movements took from the stock."""
    known = {hold['id']: hold for hold in facts['holds']}
    for name, parts in facts['parts'].items():
        if parts[0]['kind'] == 'hold' and name not in known:
            yield Violation('hold-orphan', 'pieces were taken for a hold that '
                            'is not there', movements=parts)
    for hold in facts['holds']:
        parts = [p for p in facts['parts'].get(hold['id'], ())
                 if p['kind'] == 'hold']
        taken = {p['product']: -p['quantity'] for p in parts}
        if hold['state'] is None or taken != hold['lines']:
            yield Violation('hold-lines', 'a hold has other lines than the '
                            'ledger', hold=hold, movements=parts)


def states_are_whole(facts):
    """An open hold was not settled, a settled one has its time and movement;
    none expires before its time."""
    for hold in facts['holds']:
        settled = hold['settled'] is not None, hold['settled_id'] is not None
        if settled != (hold['state'] in SETTLED,) * 2:
            yield Violation('hold-state', f'a hold is {hold["state"]}, and its '
                            'settled_at or settled_id differs', hold=hold)
        elif hold['state'] == 'expired' and hold['settled'] < hold['expires']:
            yield Violation('hold-early', 'a hold expired before its time',
                            hold=hold)
        elif hold['state'] == 'held' and facts.get('expired_by') \
                and hold['expires'] < facts['expired_by']:
            yield Violation('hold-stuck', 'a hold is past its time and still '
                            'held', hold=hold)


def settlements(facts):
    """{(transaction, kind, product): [hold]} by the holds' states."""
    found = collections.defaultdict(list)
    for hold in facts['holds']:
        if hold['state'] in SETTLED and hold['settled_id']:
            kind = 'confirm' if hold['state'] == 'confirmed' else 'release'
            for product in hold['lines']:
                found[hold['settled_id'][:-4], kind, product].append(hold)
    return found


def rows_of(facts, *kinds):
    """{(transaction, kind, product): row}, rows of nothing left out."""
    return {(row['id'][:-4], row['kind'], row['product']): row
            for row in facts['rows']
            if row['kind'] in kinds and row['sales']}


def settled_have_rows(facts):
    """Every settled hold has a movement of its kind, by the transaction that
    it names; a deleted product's line has none."""
    known = {product['id'] for product in facts['products']}
    rows = rows_of(facts, 'confirm', 'release')
    other = {'confirm': 'release', 'release': 'confirm'}
    for (name, kind, product), holds in settlements(facts).items():
        if product not in known or (name, kind, product) in rows:
            continue
        if (name, other[kind], product) in rows:
            yield Violation('hold-sold-and-back', f'a hold was settled by a '
                            f'{other[kind]}, and is {holds[0]["state"]}',
                            hold=holds[0])
        else:
            yield Violation('hold-unsettled', f'a hold is '
                            f'{holds[0]["state"]}, and no movement of its '
                            'transaction settles it', hold=holds[0])


def rows_have_settled(facts):
    """A movement stands for as many holds as name it, with their pieces.  A
    release may stand for more: holds that were confirmed after all."""
    named = settlements(facts)
    for (name, kind, product), row in rows_of(facts, 'confirm',
                                              'release').items():
        holds = named.get((name, kind, product), [])
        pieces = sum(hold['lines'][product] for hold in holds)
        missing = row['sales'] - len(holds)
        if missing < 0 or (kind == 'confirm' and missing):
            yield Violation('settled-count', f'a {kind} of {row["sales"]} '
                            f'holds, and {len(holds)} name it', row=row,
                            holds=holds[:5])
        elif kind == 'confirm' and -row['quantity'] > pieces:
            yield Violation('settled-pieces', 'a confirm took more than its '
                            'holds have', row=row, holds=holds[:5])
        elif kind == 'release' and (row['quantity'] < pieces + missing
                                    or row['quantity'] > pieces
                                    and not missing):
            yield Violation('settled-pieces', f'a release of '
                            f'{row["quantity"]} pieces, and its holds have '
                            f'{pieces}', row=row, holds=holds[:5])


def given_back_once(facts):
    """The pieces given back, less those that late confirmations took again,
    are those of the holds that were released or expired.  As many holds were
    counted twice as were confirmed late."""
    moved = collections.Counter()
    lines = collections.Counter()
    for row in facts['rows']:
        if row['kind'] in ('confirm', 'release'):
            moved[row['product']] += row['quantity']
    for hold in facts['holds']:
        if hold['state'] in ('released', 'expired'):
            lines.update(hold['lines'])
    for product in facts['products']:
        back, wanted = moved[product['id']], lines[product['id']]
        if back != wanted:
            rule = 'hold-given-twice' if back > wanted else 'hold-not-given'
            yield Violation(rule, f'{back} pieces of {product["sku"]} came '
                            f'back, released and expired holds have {wanted}',
                            product=product)


def late_confirms(facts):
    """Confirmed holds that had expired before: their confirmation took
    pieces.  (Includes the other holds that such a transaction confirmed.)"""
    rows = rows_of(facts, 'confirm')
    return {hold['id'] for hold in facts['holds']
            if hold['state'] == 'confirmed' and hold['settled_id'] and any(
                rows.get((hold['settled_id'][:-4], 'confirm', product),
                         {'quantity': 0})['quantity'] < 0
                for product in hold['lines'])}


def told_differs(facts, request, hold):
    """An answer has the lines and the time of its hold."""
    skus = {p['id']: p['sku'] for p in facts['products']}
    lines = {skus.get(p): q for p, q in hold['lines'].items()}
    if request.get('told') and asking.told(request) != lines:
        yield Violation('lines-told', 'an answer has other lines than its '
                        'hold', request=request, hold=hold)
    if request.get('expires') and hold['id'] not in facts.get('moved', ()) \
            and abs(request['expires'] - hold['expires']) > EXPIRES_SLACK:
        yield Violation('expires-told', 'an answer has another time than its '
                        'hold', request=request, hold=hold)


def settled_as_told(facts):
    """Every answer to a confirm or release was true, and stays true."""
    known = {hold['id']: hold for hold in facts['holds']}
    late = late_confirms(facts)
    told = {asking.named(r): r['t1'] for r in reversed(
        asking.of_op(facts, 'hold')) if r['status'] == 200}
    for request in asking.of_op(facts, 'confirm', 'release'):
        hold = known.get(request['of'])
        if hold is None:
            if request['status'] in (200, 409):
                yield Violation('settled-unknown', 'an answer about a hold '
                                'that does not exist', request=request)
            continue
        yield from answer_is_true(request, hold, hold['id'] in late,
                                  told.get(request['of']))
        if request['status'] == 200:
            yield from told_differs(facts, request, hold)
    for request in asking.of_op(facts, 'hold'):
        if request['status'] == 200 and asking.named(request) in known:
            yield from told_differs(facts, request,
                                    known[asking.named(request)])


def ends(request, late):
    """The states that a hold can have at the end, after this answer."""
    status, kind = request['status'], asking.problem(request)
    given_back = {'released', 'expired'} | ({'confirmed'} if late else set())
    if status == 200 and asking.op(request) == 'confirm':
        return {'confirmed'}
    if status == 200:
        return given_back if request.get('replayed') else {'released'}
    return {'hold-released': {'released'}, 'hold-confirmed': {'confirmed'},
            'hold-expired': given_back - {'released'}}.get(
                kind, set() if status == 409 else None)


def answer_is_true(request, hold, late, known_since):
    possible = ends(request, late)
    if possible is not None and hold['state'] not in possible:
        yield Violation('settled-untrue', f'{request["status"]} '
                        f'{request.get("type") or ""} to a '
                        f'{asking.op(request)}, and the hold is '
                        f'{hold["state"]}', request=request, hold=hold)
    if request['status'] == 404 and known_since is not None \
            and known_since <= request['t0']:
        yield Violation('settled-untrue', '404 for a hold that its buyer had '
                        'received before', request=request, hold=hold)
    if request['status'] == 200 and asking.op(request) == 'confirm' \
            and asking.named(request) != hold['id']:
        yield Violation('settled-untrue', 'a confirmed hold is another sale',
                        request=request, hold=hold)


def settled_were_asked(facts):
    """A hold is confirmed or released by a request that was answered 200 or
    has no answer.  Exactly one answer is not a replay: the first."""
    requests = collections.defaultdict(list)
    for request in asking.of_op(facts, 'confirm', 'release'):
        requests[request['of'], asking.op(request)].append(request)
    for hold in facts['holds']:
        wanted = {'confirmed': 'confirm', 'released': 'release'}.get(
            hold['state'])
        mine = requests.get((hold['id'], wanted), [])
        if wanted and hold['id'] not in facts.get('by_hand', ()) and not any(
                r['status'] == 200 or asking.unknown(r) for r in mine):
            yield Violation('settled-unasked', f'a hold is {hold["state"]}, '
                            'but no request may have done it',
                            hold=hold, requests=mine[:5])
        fresh = [r for r in mine if r['status'] == 200
                 and not r.get('replayed')]
        if len(fresh) > 1:
            yield Violation('settled-twice', f'a hold was {hold["state"]} '
                            f'{len(fresh)} times', hold=hold,
                            requests=fresh)


RULES = (held_is_holds, holds_are_movements, states_are_whole,
         settled_have_rows, rows_have_settled, given_back_once,
         settled_as_told, settled_were_asked)
