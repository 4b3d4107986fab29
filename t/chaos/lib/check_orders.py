"""Invariant 4: orders to the factory, and their goods."""

import collections

from violation import Violation

OPEN = ('pending', 'published', 'requested')


def one_open_order(facts):
    """At most one open order a product."""
    count = collections.Counter(o['product'] for o in facts['orders']
                                if o['state'] in OPEN)
    for product, number in count.items():
        if number > 1:
            yield Violation('order-twice', f'{number} open orders of one '
                            'product', orders=[
                                o for o in facts['orders']
                                if o['product'] == product
                                and o['state'] in OPEN])


def shelf_is_ordered(facts):
    """A product at its reorder point has an order, or pauses after a failed
    one."""
    pause = facts.get('pause_max', 3600)
    now = facts.get('now')
    orders = collections.defaultdict(list)
    for order in facts['orders']:
        orders[order['product']].append(order)
    for product in facts['products']:
        judged = product['stock']
        if product['reorder_held']:
            judged += product['held']
        if judged > product['reorder_point']:
            continue
        mine = orders[product['id']]
        if any(o['state'] in OPEN for o in mine):
            continue
        failed = max((o['failed_at'] or 0 for o in mine
                      if o['state'] == 'failed'), default=0)
        cancelled = any(o['state'] == 'cancelled' for o in mine)
        if now and failed and now - failed < pause or cancelled:
            continue
        if product['sku'] in facts.get('unordered', ()):
            continue
        yield Violation('order-missing', f'{product["sku"]} is at its '
                        'reorder point, and no order is open',
                        product=product, orders=mine)


def goods_come_once(facts):
    """The goods of an order are booked at most once, and only if fulfilled."""
    booked = collections.defaultdict(list)
    for movement in facts['movements']:
        if movement['kind'] == 'restock':
            booked[movement['order']].append(movement)
    orders = {o['id']: o for o in facts['orders']}
    for order_id, movements in booked.items():
        order = orders.get(order_id)
        if order is None:
            yield Violation('goods-unasked', 'goods were booked for an order '
                            'that does not exist', movements=movements)
        elif len(movements) > 1:
            yield Violation('goods-twice', f'the goods of one order were '
                            f'booked {len(movements)} times', order=order,
                            movements=movements)
        elif (order['state'] != 'fulfilled'
              or order['received'] != movements[0]['quantity']
              or order['product'] != movements[0]['product']):
            yield Violation('goods-differ', 'an order and its movement have '
                            'other values', order=order,
                            movement=movements[0])
        elif movements[0]['key'] != order_id.replace('-', ''):
            yield Violation('goods-key', 'the key of a restock movement is not '
                            'its order', movement=movements[0])
    for order in facts['orders']:
        if order['state'] == 'fulfilled' and order['id'] not in booked:
            yield Violation('goods-lost', 'an order is fulfilled, and no '
                            'movement holds its goods', order=order)
        if not 0 <= order['received'] <= order['quantity']:
            yield Violation('goods-too-many', 'more was received than '
                            'ordered', order=order)


def callbacks_are_booked(facts):
    """A callback that was answered 200 has its goods in the ledger."""
    if facts['factory'] is None:
        return
    booked = {m['order'] for m in facts['movements']
              if m['kind'] == 'restock'}
    for call in facts['factory']['called']:
        if call['status'] == 200 and call['order'] not in booked:
            yield Violation('goods-lost', 'a callback was answered 200 and '
                            'its goods are not booked', callback=call)


def orders_arrive(facts):
    """Every order reaches the factory, or failed with a reason."""
    for order in facts['orders']:
        if order['state'] == 'failed' and not order['last_error']:
            yield Violation('order-unexplained', 'an order failed without a '
                            'reason', order=order)
    if not facts.get('settled') or facts['factory'] is None:
        return
    reached = {a['order'] for a in facts['factory']['asked']}
    for order in facts['orders']:
        if order['state'] in ('requested', 'fulfilled') \
                and order['id'] not in reached:
            yield Violation('order-lost', f'an order is {order["state"]}, '
                            'and the factory received no request', order=order)
        if order['state'] in ('pending', 'published'):
            yield Violation('order-stuck', f'an order is still '
                            f'{order["state"]} after all parts run again',
                            order=order)
    known = {o['id'] for o in facts['orders']}
    for ask in facts['factory']['asked']:
        if ask['order'] and ask['order'] not in known:
            yield Violation('order-invented', 'the factory received a request '
                            'for an order that does not exist', request=ask)


def factory_asked_once(facts):
    """The factory receives one request per order, and more only where answers
    were lost or workers were killed during a call."""
    if facts['factory'] is None or 'asks_forgiven' not in facts:
        return
    count = collections.Counter(a['order'] for a in facts['factory']['asked']
                                if a['order'] and a['status'] == 201)
    extra = sum(n - 1 for n in count.values())
    if extra > facts['asks_forgiven']:
        yield Violation(
            'order-asked-again', f'{extra} requests more than orders, where '
            f'the faults explain {facts["asks_forgiven"]}',
            orders={k: n for k, n in count.items() if n > 1})


def queue_is_explained(facts):
    """The queue is empty; a message in the DLQ has a failed order, or one that
    another message has requested."""
    if not facts.get('settled'):
        return
    states = {o['id']: o['state'] for o in facts['orders']}
    for letter in facts['queue'] or ():
        yield Violation('letter-left', 'a message is still in the queue '
                        'after all parts run again', letter=letter)
    for letter in facts['dead'] or ():
        state = states.get(letter.get('order'))
        if letter.get('order') and state in ('pending', 'published'):
            yield Violation('letter-dead', f'a message is in the DLQ and its '
                            f'order {state}', letter=letter)


def sent_at(facts):
    """When each order was first published.  Its row exists before: it waits in
    the outbox for the end of the pause."""
    sent = {o['id']: o['published_at'] for o in facts['orders']
            if o['published_at']}
    for ask in (facts['factory'] or {}).get('asked', ()):
        sent[ask['order']] = min(ask['time'],
                                 sent.get(ask['order'], ask['time']))
    return sent


def failures_pause(facts):
    """The pause doubles after each failed order of a product in a row."""
    first = facts.get('pause_min')
    if not first:
        return
    sent = sent_at(facts)
    failed = collections.defaultdict(list)
    for order in facts['orders']:
        failed[order['product']].append(order)
    for orders in failed.values():
        orders.sort(key=lambda o: o['pending_at'])
        row = 0
        for before, after in zip(orders, orders[1:]):
            row = row + 1 if before['state'] == 'failed' else 0
            if not row or not before['failed_at'] or after['id'] not in sent:
                continue
            wanted = min(first * 2 ** (row - 1), facts.get('pause_max', 3600))
            paused = sent[after['id']] - before['failed_at']
            if paused < wanted - 0.5:
                yield Violation(
                    'order-hasty', f'failure {row} in a row, and the next '
                    f'order was published after {paused:.1f} s instead of '
                    f'{wanted}', failed=before, order=after)


RULES = (one_open_order, shelf_is_ordered, goods_come_once,
         callbacks_are_booked, orders_arrive, factory_asked_once,
         queue_is_explained, failures_pause)
