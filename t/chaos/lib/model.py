"""A serial model of the shop: what the module must answer, and what the tables
must contain.

expect() takes each request, changes the Model as the shop must change, and
returns the required answer: a dict with status, and of type, lines, left, id,
replayed those that the answer has.  Where the answer has a new id, "names" must
be called with it.  No time passes by itself: expire() names the hold that the
worker has expired.

Known by id are sales (confirmed holds too) and holds; by SKU the products; by
key the requests that made something."""

import collections

import request as asking

OUTCOMES = {'held': None, 'confirmed': 'hold-confirmed',
            'released': 'hold-released', 'expired': 'hold-expired'}


class Product:
    """A row of the table; order: None, or its order may be ('may') or must be
    ('must') open.  traces: of the requests that may have opened it; None stands
    for a request without."""

    def __init__(self, stock, point=0, quantity=10, reorder_held=True):
        self.stock = stock
        self.held = 0
        self.point = point
        self.quantity = quantity
        self.reorder_held = reorder_held
        self.order = None
        self.traces = []

    def judged(self):
        return self.stock + (self.held if self.reorder_held else 0)


class Hold:
    """Lines are {sku: pieces}, in order of first mention."""

    def __init__(self, lines, seconds):
        self.lines = lines
        self.seconds = seconds
        self.state = 'held'


class Sale:
    """A sale, and how many of its pieces were returned."""

    def __init__(self, lines):
        self.lines = lines
        self.returned = collections.Counter()

    def left(self):
        return {sku: pieces - self.returned[sku]
                for sku, pieces in self.lines.items()}


class Made:
    """The sale, hold or return of a key."""

    def __init__(self, text, lines):
        self.text = text
        self.lines = lines
        self.id = None


class Model:
    """{sku: Product}; grace: a late confirmation may succeed."""

    def __init__(self, products):
        self.products = products
        self.holds = {}
        self.sales = {}
        self.keys = {}

    def expect(self, wish, key=None, grace=False):
        """The answer that the request must get now."""
        self.trace = wish.get('trace')
        op = asking.op(wish)
        if op in ('confirm', 'release'):
            return getattr(self, op)(wish['of'], *([grace] if op == 'confirm'
                                                   else []))
        text = asking.fingerprint(wish)
        made = self.keys.get(key) if key else None
        if made is not None:
            return self.again(made, text, wish)
        answer = self.give_back(wish) if op == 'return' else self.take(wish)
        if answer['status'] == 200 and key:
            self.keys[key] = Made(text, answer['lines'])
        return answer

    def names(self, wish, key, name):
        """Records the id of the sale, hold or return in an answer 200."""
        if key:
            self.keys[key].id = name
        if asking.op(wish) == 'hold':
            self.holds[name] = self.new
        elif asking.op(wish) == 'sell':
            self.sales[name] = self.new

    def again(self, made, text, wish):
        """The same lines, in this request's order."""
        if made.text != text:
            return {'status': 422, 'type': 'idempotency-key-reused'}
        order = list(asking.lines(wish) or ())
        made.lines.sort(key=lambda line: order.index(line['sku'])
                        if line['sku'] in order else 0)
        return {'status': 200, 'replayed': True, 'id': made.id,
                'lines': self.now(made.lines)}

    def now(self, lines):
        """Lines with the stock that remains."""
        return [{'sku': line['sku'], 'quantity': line['quantity'],
                 'stock': self.products[line['sku']].stock} for line in lines]

    def answer(self, lines, **more):
        return dict({'status': 200, 'lines': self.now(
            [{'sku': sku, 'quantity': q} for sku, q in lines.items()])},
            **more)

    # --- what takes pieces

    def take(self, wish):
        """A sale or a hold: of all lines or of none."""
        lines = asking.lines(wish)
        absent = [sku for sku in lines if sku not in self.products]
        if absent:
            return {'status': 404, 'type': 'no-product', 'skus': absent}
        short = {sku: q for sku, q in lines.items()
                 if self.products[sku].stock < q}
        if short:
            for sku in lines:
                self.may_order(sku)
            return dict(self.answer(short), status=409,
                        type='not-enough-stock')
        hold = asking.op(wish) == 'hold'
        for sku, pieces in lines.items():
            self.products[sku].stock -= pieces
            if hold:
                self.products[sku].held += pieces
            self.must_order(sku)
        self.new = Hold(lines, wish.get('seconds')) if hold else Sale(lines)
        return self.answer(lines, new=True)

    def must_order(self, sku):
        """A transaction that finds the stock at the reorder point orders."""
        product = self.products[sku]
        if product.judged() <= product.point and product.order != 'must':
            product.order = 'must'
            product.traces.append(self.trace)

    def may_order(self, sku):
        """A transaction that was refused may have ordered."""
        product = self.products[sku]
        if product.judged() <= product.point and product.order != 'must':
            product.order = 'may'
            product.traces.append(self.trace)

    # --- what becomes of a hold

    def confirm(self, name, grace):
        hold = self.holds.get(name)
        if hold is None:
            return {'status': 404, 'type': 'no-hold'}
        if hold.state == 'confirmed':
            return self.answer(hold.lines, replayed=True, id=name)
        if hold.state == 'expired' and grace:
            return self.confirm_late(name, hold)
        if hold.state != 'held':
            return {'status': 409, 'type': OUTCOMES[hold.state]}
        for sku, pieces in hold.lines.items():
            self.products[sku].held -= pieces
        return self.sell(name, hold)

    def confirm_late(self, name, hold):
        """Takes its pieces again, if all are in stock."""
        if any(self.products[sku].stock < pieces
               for sku, pieces in hold.lines.items()):
            return {'status': 409, 'type': 'hold-expired'}
        for sku, pieces in hold.lines.items():
            self.products[sku].stock -= pieces
        return self.sell(name, hold)

    def sell(self, name, hold):
        hold.state = 'confirmed'
        self.sales[name] = Sale(hold.lines)
        for sku in hold.lines:
            self.must_order(sku)
        return self.answer(hold.lines, id=name)

    def release(self, name):
        hold = self.holds.get(name)
        if hold is None:
            return {'status': 404, 'type': 'no-hold'}
        if hold.state == 'confirmed':
            return {'status': 409, 'type': 'hold-confirmed'}
        replayed = hold.state != 'held'
        if not replayed:
            self.let_go(hold, 'released')
        return self.answer(hold.lines, id=name, replayed=replayed)

    def expire(self, name):
        self.let_go(self.holds[name], 'expired')

    def let_go(self, hold, state):
        hold.state = state
        for sku, pieces in hold.lines.items():
            self.products[sku].stock += pieces
            self.products[sku].held -= pieces

    # --- what comes back

    def give_back(self, wish):
        sale = self.sales.get(wish['of'])
        if sale is None:
            return {'status': 404, 'type': 'no-sale'}
        left = sale.left()
        lines = asking.lines(wish)
        if lines is None and wish.get('q') is not None:
            if len(left) > 1:
                return {'status': 400, 'type': 'invalid-request'}
            lines = {sku: wish['q'] for sku in left}
        if lines is None:
            lines = {sku: pieces for sku, pieces in left.items() if pieces}
        absent = [sku for sku in lines if sku not in left]
        if absent:
            return {'status': 404, 'type': 'no-product', 'skus': absent}
        many = {sku: left[sku] for sku, pieces in lines.items()
                if left[sku] < pieces}
        if many or not lines:
            return {'status': 409, 'type': 'already-returned',
                    'left': many or left}
        for sku, pieces in lines.items():
            sale.returned[sku] += pieces
            if asking.restock(wish):
                self.products[sku].stock += pieces
        return self.answer(lines, new=True)

    # --- goods, and the operator

    def receive(self, sku, pieces):
        self.products[sku].stock += pieces
        self.products[sku].order = None
        self.products[sku].traces = []

    def look(self, sku):
        product = self.products.get(sku)
        if product is None:
            return {'status': 404}
        return {'status': 200, 'stock': product.stock, 'held': product.held}
