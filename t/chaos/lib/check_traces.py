"""Invariant 4, of the traces: restock_order_trace as sql/schema.sql has it."""

import re

import request as asking
from violation import Violation

# W3C Trace Context, version 00: ids in lower case that are not zero.
TRACEPARENT = re.compile(r'00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}'
                         r'-[0-9a-f]{2}\Z')


def traces_are_of_orders(facts):
    """At most one row an order, of an order that is there, beside it."""
    orders = {o['id']: o for o in facts['orders']}
    seen = set()
    for trace in facts.get('traces', ()):
        order = orders.get(trace['order'])
        if trace['order'] in seen:
            yield Violation('trace-twice', 'an order has two traces',
                            trace=trace, order=order)
        seen.add(trace['order'])
        if order is None:
            yield Violation('trace-orphan', 'a trace of an order that is not '
                            'there', trace=trace)
        elif trace['product'] != order['product']:
            yield Violation('trace-product', 'a trace names another product '
                            'than its order', trace=trace, order=order)
        if not TRACEPARENT.match(trace['traceparent']):
            yield Violation('trace-malformed', 'a trace is no traceparent of '
                            'version 00', trace=trace)


def asked_products(facts):
    """{traceparent: products that its requests name}"""
    ids = {p['sku']: p['id'] for p in facts['products']}
    holds = {h['id']: h['lines'] for h in facts['holds']}
    found = {}
    for request in facts['requests']:
        if not request.get('trace'):
            continue
        if asking.op(request) == 'confirm':
            products = holds.get(request['of'], ())
        else:
            products = [ids.get(sku) for sku in asking.lines(request) or ()]
        found.setdefault(request['trace'], set()).update(products)
    return found


def traces_are_asked(facts):
    """An order has the trace of a request for its product.  A worker that
    opens an order makes one."""
    asked = asked_products(facts)
    for trace in facts.get('traces', ()):
        products = asked.get(trace['traceparent'])
        if products is None and facts.get('workers', 1) == 0:
            yield Violation('trace-invented', 'no request had the trace of '
                            'this order', trace=trace)
        elif products is not None and trace['product'] not in products:
            yield Violation('trace-differs', 'an order has the trace of a '
                            'request for other products', trace=trace,
                            requests=[r for r in facts['requests']
                                      if r.get('trace')
                                      == trace['traceparent']])


RULES = (traces_are_of_orders, traces_are_asked)
