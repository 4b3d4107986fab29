"""Builds with sanitizers: their report options, and their reports."""

import glob
import os
import re

# Freed memory stays in a quarantine, which must be small enough not to count as
# a leak.
ASAN = ('abort_on_error=1:quarantine_size_mb=1'
        ':thread_local_quarantine_size_kb=64')
ALARM = re.compile(r'ERROR: |runtime error:')


def prepare(folder):
    """Sets the options for all processes that are started from now on."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, 'report')
    os.environ['ASAN_OPTIONS'] = f'{ASAN}:log_path={path}'
    os.environ['UBSAN_OPTIONS'] = f'print_stacktrace=1:log_path={path}'


def options():
    """The same for a process with an environment of its own."""
    return {name: os.environ[name]
            for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS')
            if name in os.environ}


def reports():
    found = re.search('log_path=([^:]+)', os.environ.get('ASAN_OPTIONS', ''))
    return set(glob.glob(found.group(1) + '.*')) if found else set()


def lines(paths):
    """The summary of each report, as a line of a log."""
    loud = []
    for path in sorted(paths):
        with open(path, encoding='utf-8', errors='replace') as f:
            text = f.read()
        about = [line for line in text.split('\n') if ALARM.search(line)]
        frames = re.findall(r'#\d+ \S+ in (\S+)', text)[:6]
        loud.append({'file': path, 'line': ' < '.join(
            [*(about[:1] or ['a sanitizer said: ' + text[:200]]), *frames])})
    return loud
