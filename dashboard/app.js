/*
 * The operator's page.  It asks the module (status?format=json) and the worker
 * (worker/overview, worker/find, worker/products), both of this server, and
 * shows what they answer.  Whatever comes from there is data: it is written as
 * text only.
 */

'use strict';

const STATUS_MS = 1000;        // between requests to the module
const OVERVIEW_MS = 2000;      // between requests to the worker
const SOON_MS = 300;           // until the worker has read the database
const ANSWER_MS = 8000;        // a request that takes longer has failed
const OLD_S = 30;              // figures of that age are marked
const LAST_MS = 60000;         // of the curve and the sizes of batches

const TEXTS = {
  en: {
    'other': '한국어', 'skip': 'Skip to the figures',
    'theme.auto': 'Theme: system', 'theme.light': 'Theme: light',
    'theme.dark': 'Theme: dark',
    'peers': 'Connections', 'peer.module': 'nginx module',
    'peer.worker': 'worker', 'peer.database': 'database',
    'peer.SNS': 'SNS', 'peer.SQS': 'SQS',
    'up': '{0} answers', 'down': '{0} is unreachable',
    'unknown': '{0} is not known yet',
    'notice.module': 'The nginx module is unreachable ({0}). The figures of '
      + 'the checkouts are {1} old.',
    'notice.worker': 'The worker is unreachable ({0}). Stock, orders, holds '
      + 'and dead letters are {1} old.',
    'notice.off': 'The worker does not serve the dashboard: set '
      + 'AUTOSTOCK_DASHBOARD=on and restart it.',
    'notice.database': 'The worker cannot read the database ({0}). Stock, '
      + 'orders and holds are {1} old.',
    'notice.never.module': 'The nginx module is unreachable ({0}). There are '
      + 'no figures of the checkouts.',
    'notice.never.worker': 'The worker is unreachable ({0}). There are no '
      + 'figures of stock, orders, holds and dead letters.',
    'notice.never.database': 'The worker cannot read the database ({0}).',
    'notice.peer': 'The worker cannot reach {0}.',
    'notice.durable': 'Commits of the database {0} may not survive a power '
      + 'failure.',
    'notice.rights': 'The database user of {0} lacks rights: {1}.',
    'back': '{0} answers again.', 'no.answer': 'no answer',
    'http': 'HTTP status {0}', 'not.json': 'the answer is not JSON',
    'search.label': 'SKU, or id of a product, order, sale, hold or return',
    'search.do': 'Search', 'close': 'Close', 'searching': 'Searching {0} …',
    'search.none': 'Nothing has the SKU or the id {0}.',
    'search.failed': 'The search failed: {0}.',
    'found': '{0}, events: {1}',
    'kind.product': 'Product {0}', 'kind.order': 'Order {0}',
    'kind.sale': 'Sale {0}', 'kind.hold': 'Hold {0}',
    'ledger': 'Movements among the last {0} rows of the ledger are shown.',
    'live': 'Checkouts', 'sales': 'Sales per second',
    'batch': 'Requests per batch', 'sizes': 'Batches by size',
    'refused': 'Refused per second', 'failed': 'Failed per second',
    'waiting': 'Waiting', 'total': 'Sales since the start',
    'spark': 'Sales per second in the last minute: at most {0}',
    'size': 'up to {0}: {1}',
    'products': 'Stock', 'products.low': 'Stock, nearest to the reorder '
      + 'point', 'products.all': 'Stock, all products by SKU',
    'key.stock': 'in stock', 'key.held': 'in holds',
    'key.line': 'reorder point',
    'show.all': 'All products', 'show.low': 'Nearest to the reorder point',
    'next': 'Next page', 'none.products': 'No products.',
    'stock.is': '{0} in stock', 'stock.held': '{0} in holds',
    'bar': '{0} in stock, {1} in holds, reorder point {2}',
    'reorder': 'reorder at {0}, {1} pcs from {2}',
    'tag.out': 'sold out', 'tag.low': 'low', 'tag.ordered': 'ordered',
    'tag.unordered': 'not ordered',
    'cut': 'Only the first {0} are shown.',
    'orders': 'Open orders', 'none.orders': 'No open orders.',
    'state.pending': 'Pending', 'state.published': 'Published',
    'state.requested': 'Requested', 'state.fulfilled': 'Fulfilled',
    'state.failed': 'Failed', 'state.cancelled': 'Cancelled',
    'state.held': 'Held', 'state.released': 'Released',
    'state.expired': 'Expired', 'state.confirmed': 'Confirmed',
    'order.of': '{0} pcs from {1}', 'order.age': 'open for {0}, in this '
      + 'state for {1}', 'attempts': 'attempts: {0}',
    'overdue': 'Overdue callbacks of the factory: {0}.',
    'factory.open': '{0}: unreachable, waiting: {1}',
    'factory.closed': '{0}: in flight: {1}, waiting: {2}',
    'holds': 'Holds', 'holds.sum': 'Open: {0} · pieces: {1} · past their time: '
      + '{2}', 'holds.unknown': 'The holds cannot be counted.',
    'hold.cart': '{0} products', 'hold.of': '{0} pcs',
    'hold.in': 'due in {0}', 'hold.past': 'past its time for {0}',
    'letters': 'Dead letters', 'letters.none': 'None.',
    'letters.sum': 'About {0} in the queue.',
    'letters.unknown': 'Their number is not known.',
    'letters.failed': 'They could not be read: {0}.',
    'letter.since': 'since {0}', 'letter.status': 'HTTP status {0}',
    'pieces': '{0} pcs', 'sales.of': '{0} sales',
    'now': 'now', 'age': '{0} old', 'never': 'no figures yet',
    's': '{0} s', 'min': '{0} min', 'h': '{0} h', 'd': '{0} d',
    'about': 'autostock {0} · nginx {1} · worker {2} ({3})',
    'f.sku': 'SKU', 'f.name': 'Name', 'f.state': 'State', 'f.stock': 'Stock',
    'f.held': 'In holds', 'f.reorder_point': 'Reorder point',
    'f.reorder_quantity': 'Reorder quantity', 'f.factory': 'Factory',
    'f.quantity': 'Quantity', 'f.received': 'Received',
    'f.attempts': 'Attempts', 'f.last_error': 'Last error',
    'f.product_id': 'Product id', 'f.transaction_id': 'Transaction',
    'f.transaction_sales': 'Sales in it', 'f.expires_at': 'Due at',
    'f.sns_message_id': 'SNS message', 'f.next_attempt_at': 'Next attempt',
    'order.pending': 'Order opened', 'order.published': 'Published to SNS',
    'order.requested': 'Requested from the factory',
    'order.fulfilled': 'Goods arrived', 'order.failed': 'Order failed',
    'order.cancelled': 'Order cancelled', 'movement.opening': 'Opening stock',
    'movement.sale': 'Sold', 'movement.restock': 'Goods booked',
    'movement.adjustment': 'Adjusted', 'movement.hold': 'Held',
    'movement.confirm': 'Holds confirmed', 'movement.release': 'Holds ended',
    'movement.return': 'Returned', 'sale.sold': 'Sold',
    'sale.returned': 'Returned to the stock',
    'sale.returned_not_restocked': 'Returned, not put back',
    'hold.made': 'Held', 'hold.due': 'Due', 'hold.expired': 'Expired',
    'hold.released': 'Released',
  },
  ko: {
    'other': 'English', 'skip': '현황으로 건너뛰기',
    'theme.auto': '테마: 시스템', 'theme.light': '테마: 밝게',
    'theme.dark': '테마: 어둡게',
    'peers': '응답 상태', 'peer.module': 'nginx 모듈',
    'peer.worker': '워커', 'peer.database': '데이터베이스',
    'peer.SNS': 'SNS', 'peer.SQS': 'SQS',
    'up': '{0} 응답 중', 'down': '{0} 응답 없음', 'unknown': '{0} 확인 전',
    'notice.module': 'nginx 모듈에 연결할 수 없습니다({0}). 결제 현황은 {1} 전 '
      + '값입니다.',
    'notice.worker': '워커에 연결할 수 없습니다({0}). 재고, 주문, 예약, 배달 '
      + '불가 메시지는 {1} 전 값입니다.',
    'notice.off': '워커가 대시보드를 제공하지 않습니다. AUTOSTOCK_DASHBOARD=on'
      + '으로 설정하고 다시 시작하십시오.',
    'notice.database': '워커가 데이터베이스를 읽을 수 없습니다({0}). 재고, 주문, '
      + '예약은 {1} 전 값입니다.',
    'notice.never.module': 'nginx 모듈에 연결할 수 없습니다({0}). 결제 현황이 '
      + '없습니다.',
    'notice.never.worker': '워커에 연결할 수 없습니다({0}). 재고, 주문, 예약, '
      + '배달 불가 메시지 현황이 없습니다.',
    'notice.never.database': '워커가 데이터베이스를 읽을 수 없습니다({0}).',
    'notice.peer': '워커가 {0}에 연결할 수 없습니다.',
    'notice.durable': '데이터베이스 {0}의 커밋은 정전 시 사라질 수 있습니다.',
    'notice.rights': '{0}의 데이터베이스 사용자에게 권한이 없습니다: {1}.',
    'back': '{0} 다시 응답합니다.', 'no.answer': '응답 없음',
    'http': 'HTTP 상태 {0}', 'not.json': '응답이 JSON이 아님',
    'search.label': 'SKU 또는 상품, 주문, 판매, 예약, 반품의 ID',
    'search.do': '검색', 'close': '닫기', 'searching': '{0} 검색 중 …',
    'search.none': 'SKU 또는 ID가 {0}인 항목이 없습니다.',
    'search.failed': '검색에 실패했습니다: {0}.',
    'found': '{0}, 이력 {1}건',
    'kind.product': '상품 {0}', 'kind.order': '주문 {0}',
    'kind.sale': '판매 {0}', 'kind.hold': '예약 {0}',
    'ledger': '원장의 최근 {0}행에 있는 재고 이동만 표시합니다.',
    'live': '결제', 'sales': '초당 판매', 'batch': '배치당 요청',
    'sizes': '크기별 배치', 'refused': '초당 품절 거절',
    'failed': '초당 실패', 'waiting': '대기 중', 'total': '시작 이후 판매',
    'spark': '최근 1분의 초당 판매: 최대 {0}',
    'size': '{0}건 이하: {1}',
    'products': '재고', 'products.low': '재고, 재주문점에 가까운 순',
    'products.all': '재고, 전체 상품 SKU순',
    'key.stock': '재고', 'key.held': '예약됨', 'key.line': '재주문점',
    'show.all': '전체 상품', 'show.low': '재주문점에 가까운 순',
    'next': '다음', 'none.products': '상품이 없습니다.',
    'stock.is': '재고 {0}', 'stock.held': '예약 {0}',
    'bar': '재고 {0}, 예약 {1}, 재주문점 {2}',
    'reorder': '재주문점 {0}, {2}에 {1}개 주문',
    'tag.out': '품절', 'tag.low': '부족', 'tag.ordered': '주문함',
    'tag.unordered': '주문 없음',
    'cut': '처음 {0}건만 표시합니다.',
    'orders': '진행 중인 주문', 'none.orders': '진행 중인 주문이 없습니다.',
    'state.pending': '대기', 'state.published': '발행됨',
    'state.requested': '공장 요청됨', 'state.fulfilled': '입고 완료',
    'state.failed': '실패', 'state.cancelled': '취소됨',
    'state.held': '예약 중', 'state.released': '해제됨',
    'state.expired': '만료됨', 'state.confirmed': '확정됨',
    'order.of': '{1}에 {0}개', 'order.age': '{0} 경과, 이 상태로 {1}',
    'attempts': '{0}회 시도',
    'overdue': '공장의 콜백이 늦은 주문: {0}건.',
    'factory.open': '{0}: 응답 없음, 메시지 {1}건 대기',
    'factory.closed': '{0}: 호출 {1}건, 대기 {2}건',
    'holds': '예약', 'holds.sum': '진행 중 {0}건, {1}개, 시간이 지난 예약 '
      + '{2}건', 'holds.unknown': '예약을 셀 수 없습니다.',
    'hold.cart': '상품 {0}종', 'hold.of': '{0}개',
    'hold.in': '{0} 남음', 'hold.past': '{0} 지남',
    'letters': '배달 불가 메시지', 'letters.none': '없음.',
    'letters.sum': '큐에 약 {0}건.',
    'letters.unknown': '건수를 알 수 없습니다.',
    'letters.failed': '읽을 수 없습니다: {0}.',
    'letter.since': '{0}부터', 'letter.status': 'HTTP 상태 {0}',
    'pieces': '{0}개', 'sales.of': '판매 {0}건',
    'now': '방금', 'age': '{0} 전 값', 'never': '아직 값이 없음',
    's': '{0}초', 'min': '{0}분', 'h': '{0}시간', 'd': '{0}일',
    'about': 'autostock {0} · nginx {1} · 워커 {2} ({3})',
    'f.sku': 'SKU', 'f.name': '이름', 'f.state': '상태', 'f.stock': '재고',
    'f.held': '예약됨', 'f.reorder_point': '재주문점',
    'f.reorder_quantity': '주문 수량', 'f.factory': '공장',
    'f.quantity': '수량', 'f.received': '입고', 'f.attempts': '시도',
    'f.last_error': '최근 오류', 'f.product_id': '상품 ID',
    'f.transaction_id': '트랜잭션', 'f.transaction_sales': '함께 처리된 판매',
    'f.expires_at': '만료 시각', 'f.sns_message_id': 'SNS 메시지',
    'f.next_attempt_at': '다음 시도',
    'order.pending': '주문 생성', 'order.published': 'SNS 발행',
    'order.requested': '공장에 요청', 'order.fulfilled': '입고 완료',
    'order.failed': '주문 실패', 'order.cancelled': '주문 취소',
    'movement.opening': '최초 재고', 'movement.sale': '판매',
    'movement.restock': '입고', 'movement.adjustment': '조정',
    'movement.hold': '예약', 'movement.confirm': '예약 확정',
    'movement.release': '예약 종료', 'movement.return': '반품',
    'sale.sold': '판매', 'sale.returned': '반품, 재고로 복귀',
    'sale.returned_not_restocked': '반품, 재고로 복귀하지 않음',
    'hold.made': '예약', 'hold.due': '만료 예정', 'hold.expired': '예약 만료',
    'hold.released': '예약 해제',
  },
};

const state = {
  lang: 'en',
  theme: 'auto',
  status: { json: null, at: 0, error: null, samples: [] },
  worker: { json: null, at: 0, error: null },
  page: null,            // of all products; null: the lowest
  life: null,
  said: {},
  noticed: new Set(),
};

const $ = (id) => document.getElementById(id);


/* Words and numbers */

function t(key, ...args) {
  const text = TEXTS[state.lang][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\d)\}/g, (all, i) => args[i] ?? '');
}

function number(n, digits = 0) {
  return typeof n !== 'number' ? '–' : new Intl.NumberFormat(state.lang,
    { maximumFractionDigits: digits }).format(n);
}

function rate(n) {
  return n === null ? '–' : number(n, n < 10 ? 1 : 0);
}

function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 120) return t('s', number(s));
  if (s < 7200) return t('min', number(Math.floor(s / 60)));
  if (s < 172800) return t('h', number(Math.floor(s / 3600)));
  return t('d', number(Math.floor(s / 86400)));
}

function clock(iso) {
  const date = new Date(iso);
  return isNaN(date) ? String(iso) : new Intl.DateTimeFormat(state.lang,
    { dateStyle: 'medium', timeStyle: 'medium' }).format(date);
}

// An event of the same day needs the time only, with its milliseconds.
function moment(iso) {
  const date = new Date(iso);
  if (isNaN(date)) return String(iso);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(state.lang, {
    ...(today ? {} : { year: 'numeric', month: 'short', day: 'numeric' }),
    hour: '2-digit', minute: '2-digit', second: '2-digit',
    fractionalSecondDigits: 3, hourCycle: 'h23',
  }).format(date);
}


/* The document */

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function putLabel(node, text) {
  if (node.getAttribute('aria-label') !== text) {
    node.setAttribute('aria-label', text);
  }
}

// Shows the items in a list, each by its key in an element of its own: what a
// reader has the focus on stays.  Of items with the same key, each after the
// first one gets a key of its own.
function show(list, items, keyOf, make, fill) {
  const old = new Map([...list.children].map((child) => [child.key, child]));
  const placed = new Map();
  const active = document.activeElement;
  let place = list.firstElementChild;
  for (const item of items) {
    let key = String(keyOf(item));
    while (placed.has(key)) key += '+';
    let child = old.get(key);
    if (!child) {
      child = make(item);
      child.key = key;
    }
    placed.set(key, child);
    fill(child, item);
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      list.insertBefore(child, place);
    }
  }
  for (const child of [...list.children]) {
    if (placed.get(child.key) !== child) child.remove();
  }
  if (active && active !== document.activeElement && active.isConnected) {
    active.focus({ preventScroll: true });
  }
}

function idButton(id, text) {
  const button = element('button', 'id', text ?? id);
  button.type = 'button';
  button.asked = id;
  button.addEventListener('click', () => look(button.asked));
  return button;
}

function say(text) {
  put($('said'), text);
}


/* Requests */

async function ask(path) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_MS);
  try {
    const answer = await fetch(path, { signal: stop.signal, cache: 'no-store',
      headers: { Accept: 'application/json' } });
    let json = null;
    try {
      json = await answer.json();
    } catch {
      if (answer.ok) throw new Error(t('not.json'));
    }
    return { ok: answer.ok, status: answer.status, json };
  } catch (error) {
    const unreached = error.name === 'AbortError' || error.name === 'TypeError';
    return { ok: false, status: 0, json: null,
      text: unreached ? t('no.answer') : error.message };
  } finally {
    clearTimeout(timer);
  }
}

function why(answer) {
  return answer.text ?? answer.json?.error ?? answer.json?.detail
    ?? t('http', answer.status);
}

// A change is said once; the figures are not read out.
function note(part, name, answer) {
  const was = state.said[name];
  if (answer.ok) {
    part.json = answer.json;
    part.at = performance.now();
    part.error = null;
  } else {
    part.error = { status: answer.status, text: why(answer) };
  }
  if (was !== undefined && !was && answer.ok) {
    say(t('back', t('peer.' + name)));
  }
  state.said[name] = answer.ok;
}

async function pollStatus() {
  const answer = await ask('status?format=json');
  note(state.status, 'module', answer);
  if (answer.ok) sample();
  renderStatus();
  renderNotices();
  setTimeout(pollStatus, document.hidden ? 5 * STATUS_MS : STATUS_MS);
}

async function pollOverview() {
  const answer = await ask('worker/overview');
  note(state.worker, 'worker', answer);
  renderWorker();
  renderNotices();
  const soon = answer.ok && answer.json.shop.at === null
    && answer.json.shop.error === null;
  setTimeout(pollOverview, soon ? SOON_MS
    : document.hidden ? 5 * OVERVIEW_MS : OVERVIEW_MS);
}

// What the figures' own server says of their age, plus the time since.
function shopAge(of) {
  const { json, at } = state.worker;
  if (!json || json[of].at === null) return null;
  return (json.now - json[of].at + performance.now() - at) / 1000;
}

function statusAge() {
  return state.status.json ? (performance.now() - state.status.at) / 1000
    : null;
}


/* Checkouts */

function sum(json, pick) {
  return Object.values(json.databases).reduce(
    (total, database) => total + (pick(database) ?? 0), 0);
}

function sizesOf(json) {
  const sizes = {};
  for (const database of Object.values(json.databases)) {
    let before = 0;
    const buckets = database.histograms.batch_size.buckets;
    for (const limit of Object.keys(buckets).sort(
      (a, b) => bound(a) - bound(b))) {
      sizes[limit] = (sizes[limit] ?? 0) + buckets[limit] - before;
      before = buckets[limit];
    }
  }
  return sizes;
}

function bound(limit) {
  return limit === '+Inf' ? Infinity : Number(limit);
}

function sample() {
  const { json, at, samples } = state.status;
  const taken = {
    at, started: json.started,
    sales: sum(json, (d) => d.counters.sales),
    refused: sum(json, (d) => d.counters.refusals),
    failed: sum(json, (d) => d.counters.overloads + d.counters.unavailable
      + d.counters.unknown),
    requests: sum(json, (d) => d.histograms.batch_size.sum),
    batches: sum(json, (d) => d.histograms.batch_size.count),
    sizes: sizesOf(json),
  };
  const last = samples[samples.length - 1];
  // counters begin anew with nginx
  if (last && (last.started !== taken.started || last.sales > taken.sales)) {
    samples.length = 0;
  }
  samples.push(taken);
  while (at - samples[0].at > LAST_MS) samples.shift();
}

// Over the last seconds, so that a single request shows for a while.
function rateOf(name, seconds = 5) {
  const { samples } = state.status;
  const last = samples[samples.length - 1];
  const first = samples.find((s) => last.at - s.at <= seconds * 1000 + 500);
  if (!last || first === last) return null;
  return (last[name] - first[name]) * 1000 / (last.at - first.at);
}

function renderSpark() {
  const { samples } = state.status;
  const last = samples[samples.length - 1];
  const rates = samples.slice(1).map((s, i) =>
    (s.sales - samples[i].sales) * 1000 / (s.at - samples[i].at));
  const top = Math.max(1, ...rates);
  const svg = $('spark');
  let curve = svg.firstElementChild;
  if (!curve) {
    curve = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
    svg.append(curve);
  }
  curve.setAttribute('points', rates.map((rated, i) =>
    `${120 - (last.at - samples[i + 1].at) * 120 / LAST_MS},`
    + `${31 - 29 * rated / top}`).join(' '));
  putLabel(svg, t('spark', rate(Math.max(0, ...rates))));
}

function renderSizes() {
  const { samples } = state.status;
  const first = samples[0].sizes;
  const last = samples[samples.length - 1].sizes;
  // of the last minute; before there was any, since nginx's start
  let counts = Object.keys(last).map((limit) =>
    ({ limit, n: last[limit] - (first[limit] ?? 0) }));
  if (counts.every(({ n }) => n === 0)) {
    counts = Object.keys(last).map((limit) => ({ limit, n: last[limit] }));
  }
  counts.sort((a, b) => bound(a.limit) - bound(b.limit));
  let used = counts.findLastIndex(({ n }) => n > 0);
  used = Math.max(used, 5);
  const top = Math.max(1, ...counts.map(({ n }) => n));
  show($('sizes'), counts.slice(0, used + 1), ({ limit }) => limit,
    () => {
      const item = element('li');
      const bar = element('i');
      bar.setAttribute('aria-hidden', 'true');
      const label = element('span', '');
      label.setAttribute('aria-hidden', 'true');
      item.append(bar, label, element('span', 'hidden'));
      return item;
    },
    (item, { limit, n }) => {
      item.children[0].style.height = `${Math.round(70 * n / top)}%`;
      put(item.children[1], limit === '+Inf' ? '∞' : limit);
      put(item.children[2], t('size', limit === '+Inf' ? '∞' : limit,
        number(n)));
    });
}

function renderStatus() {
  const { json, samples } = state.status;
  if (json) {
    const last = samples[samples.length - 1];
    const requests = rateOf('requests', 60);
    const batches = rateOf('batches', 60);
    put($('sales'), rate(rateOf('sales')));
    put($('refused'), rate(rateOf('refused')));
    put($('failed'), rate(rateOf('failed')));
    put($('batch'), batches > 0 ? number(requests / batches, 1)
      : last.batches > 0 ? number(last.requests / last.batches, 1) : '–');
    put($('waiting'), number(sum(json, (d) => d.gauges.waiting)));
    put($('total'), number(last.sales));
    renderSpark();
    renderSizes();
  }
  renderAbout();
}


/* Stock */

function makeProduct(item) {
  const row = element('li');
  const names = element('p', 'names');
  const name = element('strong');
  const button = idButton(item.sku);
  names.append(name, button, element('span', 'figure'));
  const bar = element('div', 'bar');
  bar.setAttribute('role', 'img');
  bar.append(element('span', 'stock'), element('span', 'held'),
    element('span', 'line'));
  const foot = element('p', 'small');
  foot.append(element('span', 'tag'), ' ', element('span', 'tag'), ' ',
    element('span'));
  row.append(names, bar, foot);
  return row;
}

function fillProduct(row, item) {
  const [names, bar, foot] = row.children;
  put(names.children[0], item.name ?? '');
  names.children[1].asked = item.sku;
  put(names.children[1], item.sku);
  put(names.children[2], t('stock.is', number(item.stock))
    + (item.held ? ' · ' + t('stock.held', number(item.held)) : ''));

  const whole = Math.max(1, item.stock + item.held,
    item.reorder_point + item.reorder_quantity);
  const part = (n) => `${Math.min(100, Math.max(0, 100 * n / whole))}%`;
  bar.children[0].style.width = part(item.stock);
  bar.children[1].style.left = part(item.stock);
  bar.children[1].style.width = part(item.held);
  bar.children[2].style.left = part(item.reorder_point);
  putLabel(bar, t('bar', number(item.stock), number(item.held),
    number(item.reorder_point)));

  const low = item.judged <= item.reorder_point;
  tag(foot.children[0], item.stock <= 0 ? 'bad' : low ? 'warn' : null,
    item.stock <= 0 ? t('tag.out') : low ? t('tag.low') : '');
  tag(foot.children[1], item.order_id ? '' : low ? 'bad' : null,
    item.order_id ? t('tag.ordered') : low ? t('tag.unordered') : '');
  put(foot.children[2], t('reorder', number(item.reorder_point),
    number(item.reorder_quantity), item.factory ?? '–'));
}

function tag(node, kind, text) {
  node.hidden = kind === null;
  node.className = 'tag ' + (kind ?? '');
  put(node, text);
}

function renderProducts() {
  const shop = state.worker.json?.shop;
  const items = state.page ? state.page.products : shop?.products;
  put($('products-title'), t(state.page ? 'products.all' : 'products.low'));
  put($('products-all'), t(state.page ? 'show.low' : 'show.all'));
  $('products-next').hidden = !state.page?.more;
  if (!items) return;
  show($('products'), items, (item) => item.product_id, makeProduct,
    fillProduct);
  $('products-none').hidden = items.length > 0;
  cut($('products-cut'), !state.page && shop.products_more, items.length);
}

function cut(node, more, n) {
  node.hidden = !more;
  put(node, more ? t('cut', number(n)) : '');
}

async function page(after) {
  const answer = await ask('worker/products?after='
    + encodeURIComponent(after));
  if (answer.ok) {
    state.page = { ...answer.json, at: performance.now() };
    say(t('products.all'));
  } else {
    say(t('search.failed', why(answer)));
  }
  renderProducts();
  renderAges();
}


/* Orders */

function makeOrder(item) {
  const row = element('li');
  const head = element('p', 'names');
  head.append(element('strong'), idButton(item.order_id, ''));
  row.append(head, element('p', 'small'), element('p', 'small'),
    element('p', 'error'));
  return row;
}

function fillOrder(row, item) {
  put(row.children[0].children[0], item.name ?? item.sku ?? '–');
  const button = row.children[0].children[1];
  put(button, item.sku ?? item.order_id);
  putLabel(button, `${button.textContent}: `
    + t('kind.order', item.order_id));
  put(row.children[1], t('order.of', number(item.quantity),
    item.factory ?? '–') + (item.attempts > 1
    ? ' · ' + t('attempts', number(item.attempts)) : ''));
  const more = (performance.now() - state.worker.at) / 1000
    + (state.worker.json.now - state.worker.json.shop.at) / 1000;
  put(row.children[2], t('order.age', span(item.age_s + more),
    span(item.state_s + more)));
  row.children[3].hidden = !item.last_error;
  put(row.children[3], item.last_error ?? '');
}

function renderOrders() {
  const { shop, worker } = state.worker.json;
  for (const name of ['pending', 'published', 'requested']) {
    const items = (shop.orders ?? []).filter((o) => o.state === name);
    const n = worker[name] < 0 || (!shop.orders_more && shop.orders)
      ? items.length : worker[name];
    put($('n-' + name), shop.orders || worker[name] >= 0 ? number(n) : '–');
    if (shop.orders) {
      show($('orders-' + name), items, (o) => o.order_id, makeOrder,
        fillOrder);
    }
  }
  $('orders-none').hidden = !shop.orders || shop.orders.length > 0;
  cut($('orders-cut'), shop.orders_more, shop.orders?.length);
  $('overdue').hidden = !(worker.overdue > 0);
  put($('overdue'), worker.overdue > 0
    ? t('overdue', number(worker.overdue)) : '');
  show($('factories'), worker.factories, (f) => f.factory,
    () => element('li'), (item, f) => {
      item.className = f.open ? 'error' : '';
      put(item, f.open ? t('factory.open', f.factory, number(f.waiting))
        : t('factory.closed', f.factory, number(f.calls), number(f.waiting)));
    });
}


/* Holds and dead letters */

function makeHold(item) {
  const row = element('li');
  const head = element('p', 'names');
  head.append(element('strong'), idButton(item.hold_id));
  row.append(head, element('p', 'small'));
  return row;
}

function fillHold(row, item) {
  const due = item.due_s - (performance.now() - state.worker.at) / 1000
    - (state.worker.json.now - state.worker.json.shop.at) / 1000;
  put(row.children[0].children[0], item.sku
    ?? t('hold.cart', number(item.products)));
  put(row.children[1], t('hold.of', number(item.pieces)) + ' · '
    + (due >= 0 ? t('hold.in', span(due)) : t('hold.past', span(-due))));
}

function renderHolds() {
  const { shop, worker } = state.worker.json;
  put($('holds-sum'), worker.holds_open < 0 ? t('holds.unknown')
    : t('holds.sum', number(worker.holds_open), number(worker.holds_pieces),
      number(Math.max(0, worker.holds_due))));
  if (shop.holds) {
    show($('holds'), shop.holds, (h) => h.hold_id, makeHold, fillHold);
  }
  cut($('holds-cut'), shop.holds_more, shop.holds?.length);
}

function makeLetter(item) {
  const row = element('li');
  const head = element('p', 'names');
  head.append(item.order_id ? idButton(item.order_id)
    : element('span', 'small', item.message_id ?? ''));
  row.append(head, element('p'), element('p', 'small'));
  return row;
}

function fillLetter(row, item) {
  put(row.children[1], item.reason ?? '');
  put(row.children[2], [
    item.dead_since ? t('letter.since', clock(item.dead_since)) : null,
    item.status ? t('letter.status', String(item.status)) : null,
    item.attempts ? t('attempts', String(item.attempts)) : null,
  ].filter((text) => text).join(' · '));
}

function renderLetters() {
  const { letters, worker } = state.worker.json;
  put($('letters-sum'), letters.error ? t('letters.failed', letters.error)
    : worker.dlq_visible < 0 ? t('letters.unknown')
      : letters.rows.length === 0 && worker.dlq_visible === 0
        ? t('letters.none')
        : t('letters.sum', number(Math.max(worker.dlq_visible,
          letters.rows.length))));
  show($('letters'), letters.rows, (l) => l.message_id, makeLetter,
    fillLetter);
  cut($('letters-cut'), letters.more, letters.rows.length);
}


/* A life */

const FACTS = ['sku', 'name', 'state', 'stock', 'held', 'reorder_point',
  'reorder_quantity', 'factory', 'quantity', 'received', 'attempts',
  'last_error', 'expires_at', 'next_attempt_at', 'product_id',
  'transaction_id', 'transaction_sales', 'sns_message_id'];

function fact(name, value) {
  if (name.endsWith('_at')) return clock(value);
  if (name === 'state') return t('state.' + value);
  return typeof value === 'number' ? number(value) : String(value);
}

function mood(event) {
  if (/failed|cancelled|expired/.test(event)) return 'bad';
  return /fulfilled|restock$|sold|sale$/.test(event) ? 'good' : '';
}

function eventRow(event, own) {
  const row = element('li', mood(event.event));
  const what = element('p', 'what');
  const time = element('time', 'small', moment(event.at));
  time.dateTime = event.at;
  what.append(element('strong', '', t(event.event)), time);
  if (typeof event.quantity === 'number') {
    what.append(element('span', '', t('pieces', /^movement/.test(event.event)
      && event.quantity > 0 ? '+' + number(event.quantity)
      : number(event.quantity))));
  }
  if (event.sales > 1) {
    what.append(element('span', 'small', t('sales.of', number(event.sales))));
  }
  row.append(what);
  // of movements only a sale's id is one that can be searched
  const ids = [event.sku, /^movement\.(?!sale)/.test(event.event) ? null
    : event.id];
  for (const id of ids) {
    if (id && id !== own) {
      const line = element('p');
      line.append(idButton(id));
      row.append(line);
    }
  }
  if (event.note) row.append(element('p', 'error', event.note));
  return row;
}

function renderLife() {
  const section = $('life');
  section.hidden = !state.life;
  if (!state.life) return;
  const { asked, answer } = state.life;
  const life = answer?.ok ? answer.json : null;
  const own = life && (life.order_id ?? life.sale_id ?? life.hold_id
    ?? life.sku);
  put($('life-title'), life ? t('kind.' + life.kind, own)
    : !answer ? t('searching', asked)
      : answer.status === 404 ? t('search.none', asked)
        : t('search.failed', why(answer)));
  $('life-facts').replaceChildren(...(life ? FACTS : []).filter((name) =>
    life[name] !== undefined && life[name] !== null && life[name] !== own)
    .map((name) => {
      const pair = element('div', /^name$|_id$|error$/.test(name) ? 'long' : '');
      pair.append(element('dt', '', t('f.' + name)),
        element('dd', '', fact(name, life[name])));
      return pair;
    }));
  $('life-events').replaceChildren(...(life?.events ?? []).map((event) =>
    eventRow(event, own)));
  put($('life-note'), life?.ledger_rows
    ? t('ledger', number(life.ledger_rows)) : '');
}

// By the address, so that the browser's "back" works, and a link.
function look(asked) {
  const hash = '#q=' + encodeURIComponent(asked);
  if (location.hash === hash) {
    find();
  } else {
    location.hash = hash;
  }
}

async function find() {
  const match = location.hash.match(/^#q=(.+)$/);
  let asked = '';
  try {
    asked = match ? decodeURIComponent(match[1]).trim() : '';
  } catch { /* not an address of this page */ }
  if (!asked) {
    state.life = null;
    renderLife();
    return;
  }
  $('q').value = asked;
  const life = { asked, answer: null };
  state.life = life;
  renderLife();
  life.answer = await ask('worker/find?q=' + encodeURIComponent(asked));
  if (state.life !== life) return;
  renderLife();
  if (life.answer.ok) {
    say(t('found', $('life-title').textContent,
      number(life.answer.json.events.length)));
  } else {
    say($('life-title').textContent);
  }
  $('life-title').focus();
}


/* What is unreachable, and how old the figures are */

// The key of a notice is the fault without its figures: an age that grows is no
// news for a screen reader.
function notices() {
  const list = [];
  const { status, worker } = state;
  const add = (key, text) => list.push({ key, text });
  const out = (name, part, age) => {
    add('out ' + name, age === null ? t('notice.never.' + name, part)
      : t('notice.' + name, part, span(age)));
  };
  if (status.error) out('module', status.error.text, statusAge());
  if (worker.error?.status === 404) {
    add('off', t('notice.off'));
  } else if (worker.error) {
    out('worker', worker.error.text, shopAge('shop'));
  } else {
    // its other parts may know before the next read of the figures
    const down = (worker.json?.worker.peers ?? []).filter((peer) => !peer.up)
      .map((peer) => peer.peer);
    const error = worker.json?.shop.error;
    if (error || down.includes('database')) {
      out('database', error ?? t('no.answer'), shopAge('shop'));
    }
    for (const peer of down.filter((name) => name !== 'database')) {
      add('peer ' + peer, t('notice.peer', t('peer.' + peer)));
    }
  }
  const databases = status.error ? {} : status.json?.databases ?? {};
  for (const [name, database] of Object.entries(databases)) {
    if (database.durable === 'no') {
      add('durable ' + name, t('notice.durable', name));
    }
    if (database.missing_rights?.length) {
      const rights = database.missing_rights.join(', ');
      add(`rights ${name}: ${rights}`, t('notice.rights', name, rights));
    }
  }
  return list;
}

function renderNotices() {
  const list = notices();
  const news = list.filter(({ key }) => !state.noticed.has(key));
  if (news.length > 0) say(news.map(({ text }) => text).join(' '));
  state.noticed = new Set(list.map(({ key }) => key));
  show($('notices'), list, ({ key }) => key,
    () => element('p', 'notice bad'), (node, { text }) => put(node, text));
  renderPeers();
  renderAges();
}

function renderPeers() {
  const { status, worker } = state;
  const up = (part) => part.error ? false : part.json ? true : null;
  const peers = [
    { name: 'module', up: up(status) }, { name: 'worker', up: up(worker) },
    ...['database', 'SNS', 'SQS'].map((name) => ({ name,
      up: worker.error ? null : worker.json?.worker.peers.find(
        (peer) => peer.peer === name)?.up ?? null })),
  ];
  show($('peers'), peers, (peer) => peer.name, () => element('li'),
    (item, peer) => {
      item.className = peer.up === null ? 'unknown' : peer.up ? '' : 'bad';
      put(item, t('peer.' + peer.name));
      putLabel(item, t(peer.up === null ? 'unknown' : peer.up ? 'up' : 'down',
        t('peer.' + peer.name)));
    });
}

// Figures of the last request but one are the present ones, as long as the part
// answers.
function renderAge(id, seconds, part) {
  const node = $(id);
  put(node, seconds === null ? t('never')
    : seconds < 5 && !part.error ? t('now') : t('age', span(seconds)));
  node.classList.toggle('old', seconds !== null && seconds > OLD_S);
}

function renderAges() {
  const { status, worker } = state;
  renderAge('age-status', statusAge(), status);
  renderAge('age-products', state.page
    ? (performance.now() - state.page.at) / 1000 : shopAge('shop'), worker);
  renderAge('age-orders', shopAge('shop'), worker);
  renderAge('age-holds', shopAge('shop'), worker);
  renderAge('age-letters', shopAge('letters'), worker);
}

function renderAbout() {
  const { status, worker } = state;
  put($('about'), t('about', status.json?.version ?? '–',
    status.json?.nginx ?? '–', worker.json?.worker.version ?? '–',
    worker.json?.worker.name ?? '–'));
}

function renderWorker() {
  renderProducts();
  if (state.worker.json) {
    renderOrders();
    renderHolds();
    renderLetters();
  }
  renderAbout();
}


/* Language and theme; a browser may forbid to keep them */

function kept(name) {
  try { return localStorage.getItem('autostock.' + name); } catch {
    return null;
  }
}

function keep(name, value) {
  try { localStorage.setItem('autostock.' + name, value); } catch {
    /* for this visit only */
  }
}

function setLang(lang) {
  state.lang = lang;
  document.documentElement.lang = lang;
  for (const node of document.querySelectorAll('[data-t]')) {
    put(node, t(node.dataset.t));
  }
  for (const node of document.querySelectorAll('[data-t-label]')) {
    putLabel(node, t(node.dataset.tLabel));
  }
  const button = $('lang');
  put(button, t('other'));
  button.lang = lang === 'ko' ? 'en' : 'ko';
  setTheme(state.theme);
  renderStatus();
  renderWorker();
  renderLife();
  renderNotices();
}

function setTheme(theme) {
  state.theme = theme;
  if (theme === 'auto') {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = theme;
  }
  put($('theme'), t('theme.' + theme));
}

function begin() {
  const lang = kept('lang') ?? navigator.languages?.[0] ?? navigator.language;
  const theme = kept('theme');
  state.theme = ['light', 'dark'].includes(theme) ? theme : 'auto';
  setLang(/^ko\b/i.test(lang) ? 'ko' : 'en');

  // the address stays: it holds the search
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    $('main').focus();
  });
  $('lang').addEventListener('click', () => {
    setLang(state.lang === 'ko' ? 'en' : 'ko');
    keep('lang', state.lang);
  });
  $('theme').addEventListener('click', () => {
    setTheme({ auto: 'light', light: 'dark', dark: 'auto' }[state.theme]);
    keep('theme', state.theme);
  });
  $('search').addEventListener('submit', (event) => {
    event.preventDefault();
    const asked = $('q').value.trim();
    if (asked) look(asked);
  });
  $('life-close').addEventListener('click', () => {
    history.pushState(null, '', location.pathname + location.search);
    find();
    $('q').focus();
  });
  $('products-all').addEventListener('click', () => {
    if (state.page) {
      state.page = null;
      renderProducts();
      renderAges();
    } else {
      page('');
    }
  });
  $('products-next').addEventListener('click', () => {
    page(state.page.products[state.page.products.length - 1].product_id);
  });
  addEventListener('hashchange', find);

  setInterval(() => {
    renderNotices();
    if (state.worker.json) {
      renderOrders();
      renderHolds();
    }
  }, 1000);
  pollStatus();
  pollOverview();
  find();
}

begin();
