"""The base class of scenarios, and the round that runs one."""

import collections
import os
import shutil
import time
import traceback

import sanitizer
import shop as shops
import wire
from process import Failure
from progress import Progress


class Tally:
    """The counts of all rounds, for the figures at the end."""

    def __init__(self):
        self.faults = collections.Counter()
        self.requests = collections.Counter()
        self.recovery = []
        self.rounds = collections.Counter()
        self.failed = []
        self.skipped = {}
        self.told = 0
        self.notes = collections.defaultdict(list)

    def fault(self, name, count=1):
        self.faults[name] += count

    def as_dict(self):
        return {
            'rounds': dict(self.rounds), 'faults': dict(self.faults),
            'requests': dict(self.requests), 'failed': self.failed,
            'skipped': self.skipped, 'notes': dict(self.notes),
            'recovery_s': {
                'median': sorted(self.recovery)[len(self.recovery) // 2],
                'worst': max(self.recovery)} if self.recovery else None,
        }


class Skip(Exception):
    """This machine cannot run the scenario, with the reason."""


class Scenario:
    """Subclasses have a name, and run(); one shop serves all its rounds."""

    name = ''
    about = ''
    shop_options = {}
    nightly_rounds = 100

    def __init__(self, env):
        self.env = env
        self.tally = env.tally
        self.shop = None
        self.rng = None
        self.rest = None
        self.expect = {}
        self.reported = set()

    def folder(self):
        return os.path.join(self.env.folder, self.name)

    def setup(self):
        self.shop = shops.Shop(self.folder(), self.env.template(),
                               **self.shop_options)
        self.shop.start()

    def rounds(self, wanted):
        """The number of rounds to run where this many are requested."""
        return wanted

    def run(self, number):
        raise NotImplementedError

    def back(self):
        """The seconds until every worker sold again."""
        took = self.shop.back()
        self.tally.recovery.append(took)
        if self.shop.db.falls:
            self.tally.notes['the database crashed by itself'] = [
                self.shop.db.falls]
        return took

    def finish(self, number):
        """The end of a round: waits until idle, and checks the invariants."""
        self.shop.settle()
        keep = os.path.join(self.env.folder, f'{self.name}-{number}.json')
        expect = dict({'sessions': self.shop.sessions(),
                       'rest': self.rest.compare()}, **self.expect)
        broken, report, summary = shops.judge(self.shop, keep, **expect)
        return broken, report, summary, keep

    def teardown(self):
        """The problems at the end, which count as violations."""
        self.rest = None
        if not self.shop:
            return []
        before = self.shop.reports_read | self.reported
        problems = self.shop.stop()
        self.reported = sanitizer.reports()
        return problems + [f'{told["line"]} ({told["file"]})' for told
                           in sanitizer.lines(self.reported - before)]


class Env:
    """The folder, the template of a database, the seed, the output."""

    def __init__(self, folder, seed, say, nightly=False, progress=None):
        self.progress = progress or Progress(None, seed)
        self.folder = folder
        self.seed = seed
        self.say = say
        self.nightly = nightly
        self.tally = Tally()

    def template(self):
        """A prepared data folder, made once."""
        path = os.path.join(self.folder, 'template')
        if not os.path.isdir(path):
            made = shops.database.Database(
                os.path.join(self.folder, 'maker'), datadir=path + '.new')
            made.install()
            made.start()
            made.prepare()
            made.stop()
            os.rename(path + '.new', path)
        return path


def run_round(scenario, number):
    """One round: True if all invariants hold."""
    env = scenario.env
    scenario.rng = shops.dice(env.seed, scenario.name, number)
    scenario.expect = {}
    begin = time.monotonic()
    env.tally.rounds[scenario.name] += 1
    try:
        what = scenario.run(number) or ''
        broken, report, summary, keep = scenario.finish(number)
    except (Failure, OSError, wire.MysqlError, wire.LostConnection) as e:
        broken, report, keep = 1, f'{e!r}\n{where(e)}', scenario.folder()
        what = summary = ''
    took = time.monotonic() - begin
    again = (f't/chaos/run --only {scenario.name} --seed {env.seed}'
             f' --round {number}')
    env.tally.told += 1
    if broken:
        env.tally.failed.append({'scenario': scenario.name, 'round': number,
                                 'report': report, 'again': again})
        env.say(f'not ok - {scenario.name} {number} ({took:.1f} s) {what}')
        env.say(f'  # again: {again}')
        env.say(f'  # kept: {keep}')
        for line in report.rstrip().split('\n'):
            env.say(f'  # {line}')
    else:
        env.say(f'ok - {scenario.name} {number} ({took:.1f} s) {what}')
    if summary:
        env.say(f'  # {summary}')
    return not broken


def where(error):
    """The last lines of the chaos code that led to an error."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return ' < '.join(f'{f.name}:{f.lineno}' for f in reversed(frames))


def told(scenario, failed, text):
    """Prints a result in addition to those of the rounds."""
    env = scenario.env
    env.tally.told += 1
    if failed:
        env.tally.failed.append({'scenario': scenario.name, 'report': text})
    env.say(f'{"not " * failed}ok - {scenario.name}{text}')
    return int(failed)


def end(scenario):
    """Stops its shop; 1 where that failed."""
    problems = scenario.teardown()
    if not problems:
        return 0
    return told(scenario, True, ' at its end: ' + '; '.join(problems))


def open_shop(scenario):
    scenario.setup()
    scenario.rest = shops.Rest(scenario.shop)


def run_scenario(scenario, numbers):
    """Runs its rounds on one shop; returns the number that failed."""
    progress = scenario.env.progress
    tally = scenario.env.tally
    numbers = progress.wanted(scenario.name, numbers)
    if not numbers or progress.over():
        progress.left += len(numbers)
        return 0
    failed = 0
    shutil.rmtree(scenario.folder(), ignore_errors=True)
    try:
        open_shop(scenario)
        for number in numbers:
            if progress.over():
                progress.left += 1
                continue
            progress.begin(tally)
            good = run_round(scenario, number)
            progress.note(scenario.name, number, good, tally)
            if not good:
                failed += 1 + end(scenario)
                shutil.rmtree(scenario.folder() + f'.failed{number}',
                              ignore_errors=True)
                os.rename(scenario.folder(),
                          scenario.folder() + f'.failed{number}')
                open_shop(scenario)
    except Skip as e:
        scenario.env.tally.skipped[scenario.name] = str(e)
        told(scenario, False, f' # SKIP {e}')
    except Failure as e:
        failed += told(scenario, True, f': {e} ({where(e)})')
    finally:
        failed += end(scenario)
    return failed
