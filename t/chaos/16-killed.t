#!/usr/bin/env python3
"""The processes of a run that is killed by SIGKILL end with it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, 'lib'))

from process import writers


def names(folder):
    found = set()
    for pid in writers(folder):
        try:
            with open(f'/proc/{pid}/cmdline', encoding='utf-8',
                      errors='replace') as f:
                found.add(f.read().replace('\0', ' ').strip())
        except OSError:
            pass
    return sorted(found)


def wait_for(test, seconds):
    end = time.monotonic() + seconds
    while not test() and time.monotonic() < end:
        time.sleep(0.02)
    return test()


def under_way(folder):
    text = ' '.join(names(folder))
    return all(part in text for part in
               ('mariadbd', 'nginx: worker', 'load.py'))


def main():
    folder = os.path.realpath(tempfile.mkdtemp(prefix='as-killed-'))
    # ends the whole group, as a terminal or a time limit does
    run = subprocess.Popen(
        [os.path.join(HERE, 'run'), '--rounds', '1', '--only', 'restart-db',
         '--folder', folder], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, start_new_session=True)
    started = wait_for(lambda: under_way(folder), 60)
    before = names(folder)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    gone = wait_for(lambda: not writers(folder), 10)
    print('1..2')
    print('not ' * (not started) + 'ok 1 - a run with servers and buyers')
    print('not ' * (not gone) + 'ok 2 - none of them runs after its SIGKILL')
    for name in names(folder) if started else before:
        print(f'# {name}', file=sys.stderr)
    for pid in writers(folder):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)
    return 0 if started and gone else 1


sys.exit(main())
