"""Private MariaDB servers for the rounds, with durable commits."""

import glob
import os
import shutil
import signal
import subprocess

import wire
from process import Failure, Process, free_port, wait_until

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '../../..'))
# The build under test; CHAOS_MODULE and CHAOS_NGINX may name others.
BUILD = os.environ.get('CHAOS_BUILD') or os.environ.get(
    'AUTOSTOCK_BUILD') or os.path.join(TOP, 'build')

SCRIPTS = ('schema', 'trigger', 'mariadb-uuid')
USER, PASSWORD, NAME = 'shop', 'shop-password', 'shop'
WORKER = 'worker'            # a user other than the module's

# INNODB_TRX is a cached copy, renewed only after 100 ms without a reader: a
# client that reads it more often always sees the same transactions.
LOOK_S = 0.15

FACTORY = '5ff9da54c9b811eca8490a5824c89b02'
ADVERTISEMENT = '5ffd3e64c9b811eca8490a5824c89b02'


def as_user():
    """The option without which mariadbd refuses to run as root."""
    return ['--user=root'] if os.geteuid() == 0 else []


class Database:
    """One server with a separate folder."""

    OPTIONS = ['--skip-networking=0', '--bind-address=127.0.0.1',
               '--innodb-log-file-size=32M', '--innodb-buffer-pool-size=64M',
               '--innodb-flush-log-at-trx-commit=1', '--skip-log-bin',
               '--character-set-server=utf8mb4', '--skip-name-resolve',
               '--max-connections=300', '--innodb-fast-shutdown=1',
               '--performance-schema=0', '--innodb-lock-wait-timeout=5']

    FALLS = 3                          # of a round, at most

    def __init__(self, folder, options=(), datadir=None, port=None):
        self.folder = folder
        self.falls = 0                 # by itself
        self.falls_before = 0          # the round
        self.data = datadir or os.path.join(folder, 'data')
        self.socket = os.path.join(folder, 's')
        self.port = port or free_port()
        self.options = list(options)
        self.process = None
        os.makedirs(folder, exist_ok=True)

    def install(self, template=None):
        """A new data folder, from a template of an earlier call if any."""
        if template and os.path.isdir(template):
            shutil.copytree(template, self.data, dirs_exist_ok=True)
            return
        done = subprocess.run(
            ['mariadb-install-db', '--no-defaults', f'--datadir={self.data}',
             f'--tmpdir={self.folder}',
             '--auth-root-authentication-method=normal', '--skip-test-db',
             '--innodb-log-file-size=32M'] + as_user(),
            capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure('mariadb-install-db: ' + done.stderr[-2000:])

    def start(self, wait=True):
        self.process = Process(
            'mariadbd',
            ['mariadbd', '--no-defaults', f'--datadir={self.data}',
             f'--socket={self.socket}', f'--port={self.port}',
             f'--pid-file={self.folder}/pid',
             # A starting server clears the temporary tables of all others.
             f'--tmpdir={self.folder}'] + self.OPTIONS + as_user()
            + self.options, os.path.join(self.folder, 'log'))
        if wait:
            self.wait()

    def stand_up(self):
        """Starts a server again that has crashed by itself, as systemd does.
        10.11.19 sometimes crashes soon after the recovery from a kill (an
        assertion about its undo log in trx0purge.cc)."""
        if not self.process.alive():
            self.falls += 1
            if self.falls - self.falls_before > self.FALLS:
                raise Failure('mariadbd ended:\n' + self.process.tail())
            self.start(False)

    def wait(self, timeout=60):
        def ready():
            self.stand_up()
            return self.answers()
        wait_until('the database answers', ready, timeout, 0.05)

    def answers(self):
        try:
            with self.session(None, timeout=2) as db:
                return db.value('SELECT 1') == 1
        except (OSError, wire.MysqlError, wire.LostConnection):
            return False

    def session(self, database=NAME, timeout=60):
        """A session of root, without a proxy."""
        return wire.Connection(self.socket, database=database,
                               timeout=timeout)

    def transactions(self):
        """The open ones; call it no more often than each LOOK_S."""
        with self.session(timeout=5) as db:
            return db.rows(
                'SELECT trx_mysql_thread_id, trx_state, trx_started,'
                ' trx_query FROM information_schema.INNODB_TRX')

    def prepare(self):
        """The shop's tables and user."""
        with self.session(None) as db:
            db.query(f'CREATE DATABASE IF NOT EXISTS {NAME}'
                     ' CHARACTER SET utf8mb4')
            for user in (USER, WORKER):
                db.query(f"CREATE USER IF NOT EXISTS {user}@'%'"
                         f" IDENTIFIED BY '{PASSWORD}'")
                db.query(f"GRANT ALL ON {NAME}.* TO {user}@'%'")
            db.query(f'USE {NAME}')
            for name in SCRIPTS:
                with open(f'{TOP}/sql/{name}.sql', encoding='utf-8') as f:
                    db.script(f.read())
            if os.environ.get('CHAOS_PROCEDURE'):
                self.procedure(db)

    @staticmethod
    def procedure(db):
        """Sales of one product are calls then."""
        with open(f'{TOP}/sql/procedure.sql', encoding='utf-8') as f:
            _, _, text = f.read().partition('DELIMITER //')
        db.query(text.partition('//')[0])

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process and self.process.alive():
            self.process.tell(signal.SIGCONT)
            self.process.stop(60)

    def pause(self):
        self.process.tell(signal.SIGSTOP)

    def go_on(self):
        self.process.tell(signal.SIGCONT)

    def new_book(self, products, factory_api=''):
        """Empty tables and new products: {sku: (stock, point, quantity)}."""
        self.falls_before = self.falls
        with self.session() as db:
            db.query('SET FOREIGN_KEY_CHECKS = 0')
            for table in ('stock_movement', 'stock_movement_key',
                          'stock_hold', 'stock_hold_line', 'stock_return',
                          'restock_order_trace', 'restock_order', 'product',
                          'factory', 'advertisement'):
                db.query(f'TRUNCATE {table}')
            db.query('SET FOREIGN_KEY_CHECKS = 1')
            db.query(
                'INSERT INTO factory (factory_id, identifier, name,'
                f" manager_email, API) VALUES (x'{FACTORY}', 'FF-500293',"
                f" 'chaos', 'f@shop.example', '{factory_api}')")
            db.query('INSERT INTO advertisement (ad_id, status,'
                     f" manager_email) VALUES (x'{ADVERTISEMENT}', TRUE,"
                     " 'a@shop.example')")
            for n, (sku, shelf) in enumerate(products.items()):
                stock, point, quantity = shelf
                db.query(
                    'INSERT INTO product (product_id, sku, name, price,'
                    ' stock, factory_id, ad_id, reorder_point,'
                    f" reorder_quantity) VALUES (UNHEX('{product_hex(n)}'),"
                    f" '{sku}', 'name of {sku}', 100, {stock}, x'{FACTORY}',"
                    f" x'{ADVERTISEMENT}', {point}, {quantity})")


def product_hex(number):
    """The id of the n-th product of a round."""
    return f'21317500c9bf41ec84490a58{number:08x}'


def find_galera():
    for path in glob.glob('/usr/lib/galera/libgalera_smm.so') \
            + glob.glob('/usr/lib/*/galera*/libgalera_smm.so'):
        return path
    return None
