"""Mutated configurations for "nginx -t": it accepts each, or refuses it with a
reason, and never crashes."""

import os
import random
import re
import shutil
import subprocess
import time

import sanitized

BASE = '''error_log stderr notice;
pid {folder}/pid;
events {{ }}
http {{
    autostock_status_zone autostock:1m;
    autostock_database shop {{
        server 127.0.0.1:3306;
        user shop;
        password secret;
        database shop;
        pool_size 4;
        backlog 8192;
        batch_size 256;
        connect_timeout 2s;
        query_timeout 5s;
        idle_timeout 60s;
        lifetime 1h;
        durability warn;
        sku_match exact;
    }}
    autostock_database other {{
        server unix:/tmp/none.sock;
        user "shop";
        password_file {folder}/password;
        database shop;
        tls off;
    }}
    autostock shop;
    autostock_timeout 5s;
    autostock_restock_timeout 60s;
    autostock_max_body_size 16k;
    autostock_retry_after 1s;
    autostock_compat off;
    autostock_idempotency_scope $remote_user;
    autostock_callback_secret_file {folder}/secret {folder}/secret2;
    server {{
        listen 127.0.0.1:1;
        location = /checkout {{
            autostock_checkout;
            autostock_sku CP-502101 pinned;
        }}
        location ~ (?s)^/product/(?<sku>.+)$ {{
            autostock other;
            autostock_sku $sku;
            autostock_product;
            autostock_restock;
        }}
        location = /products {{
            autostock_cache_control "max-age=$arg_age";
            autostock_products;
        }}
        location = /status {{ autostock_status; }}
    }}
}}
'''

WORDS = ('0', '1', '-1', '4294967296', '18446744073709551616', '1e9', '5s',
         '0s', '1000000d', '1h1h', '16k', '99999g', 'on', 'off', 'warn',
         'require', '""', "''", '"', "'", '$', '$none', '${sku}', '$1', ';',
         '{', '}', '\\', '#', 'unix:', 'unix:/', '[::1]:3306', '[::1', ':0',
         '127.0.0.1:99999', 'no.such.host:1', '도너츠', '\t', 'pinned', 'shop',
         'other', 'none', 'autostock', 'autostock_product;', 'autostock_products;',
         'autostock_checkout;', 'autostock_restock;', 'autostock_status;',
         'autostock_database x { }', 'autostock_status_zone a:8k;',
         'autostock_compat on;', 'tls on;', 'tls_name x;',
         'thread_pool default;', 'x' * 300)


def mutate(rng, text):
    tokens = re.findall(r'\s+|[^\s;{}]+|[;{}]', text)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(tokens))
        what = rng.randrange(7)
        if what == 0:
            del tokens[at]
        elif what == 1:
            tokens.insert(at, tokens[at])
        elif what == 2:
            other = rng.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif what in (3, 4):
            tokens[at] = rng.choice(WORDS)
        elif what == 5:
            tokens.insert(at, ' ' + rng.choice(WORDS) + ' ')
        else:
            word = bytearray(tokens[at].encode('utf-8', 'surrogateescape'))
            if word:
                word[rng.randrange(len(word))] = rng.randrange(1, 256)
            tokens[at] = word.decode('utf-8', 'surrogateescape')
        tokens = tokens or [' ']
    return ''.join(tokens)


def judge(done):
    """What is wrong with nginx's verdict, or None."""
    said = done.stderr
    if done.returncode not in (0, 1):
        return f'it ended with {done.returncode}'
    if 'AddressSanitizer' in said or 'runtime error:' in said:
        return 'the sanitizers found something'
    if done.returncode == 1 and '[emerg]' not in said:
        return 'it refused without a reason'
    # A message may hold a line break of the configuration's.  Only the
    # module's own messages are judged: nginx's name no line for a file that
    # it cannot open (a "pid" with another path).
    for line in re.split(r'\n(?=\d{4}/|nginx: )', said.rstrip('\n')):
        if '[emerg]' in line and 'autostock' in line.split('in /')[0] \
                and not re.search(r' in \S+:\d+$', line) \
                and not re.search(r'\[emerg\] (\d+#\d+: )?'
                                  r'(open|mkdir|chown)\(\)', line) \
                and 'no "resolver"' not in line and 'zone' not in line \
                and not re.search(r'unknown "\w+" variable$', line):
            return f'no file and line: {line}'
    return None


def run(seconds, seed, folder, build):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    nginx, module, _ = sanitized.choose(build)
    for name in ('secret', 'secret2', 'password'):
        with open(os.path.join(folder, name), 'w', encoding='ascii') as f:
            f.write(f'the fuzzers have this as {name}\n')
        os.chmod(os.path.join(folder, name), 0o600)
    head = f'load_module {module};\n'
    base = BASE.format(folder=folder)
    conf = os.path.join(folder, 'nginx.conf')
    rng = random.Random(seed)
    counts = {'inputs': 0, 'taken': 0, 'broken': 0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = base if counts['inputs'] == 0 else mutate(rng, base)
        with open(conf, 'wb') as f:
            f.write((head + text).encode('utf-8', 'surrogateescape'))
        done = subprocess.run(
            [nginx, '-t', '-p', folder, '-c', conf, '-e', 'stderr'],
            capture_output=True, text=True, errors='replace', check=False,
            stdin=subprocess.DEVNULL, env=dict(os.environ,
                                               **sanitized.OPTIONS))
        counts['inputs'] += 1
        counts['taken'] += done.returncode == 0
        wrong = judge(done)
        if counts['inputs'] == 1 and done.returncode:
            wrong = f'the base itself is refused: {done.stderr}'
        if wrong:
            counts['broken'] += 1
            kept = os.path.join(folder, f'broken-{counts["inputs"]}.conf')
            shutil.copy(conf, kept)
            print(f'# {wrong}\n# {kept}\n# ' + '\n# '.join(
                done.stderr.strip().split('\n')[-5:]))
            if counts['broken'] > 5:
                break
    return counts
