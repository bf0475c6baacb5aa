"""No trace of another client: 200 of them with random lives share 5 server connections.

Every life (lives.py) is first lived on PostgreSQL directly; what it answered then is what
the router has to answer, byte for byte but for what may differ (wire.py). After each step
the client looks at its whole environment: settings, roles, search path, temporary tables,
locks, cursors, channels, and how values are printed.

    leak_storm_test.py [--seconds=60] [--seed=N] [--clients=200] [--shown=5] [--life=N]

--life=N lives one life alone, step by step, and prints it.
"""

import asyncio
import collections
import random
import re
import sys
import time
import unittest

from tests.integration.storm import lives, wire
from tests.support import testing
from tests.support.cluster import Cluster
from tests.support.node import wait_until
from tests.support.router import Router

SERVER_CONNECTIONS = 5
PINNED = 2  # clients that may keep a connection at the same time
DIRECT = 3  # lives that are lived directly at the same time
STEPS = 18  # of a life, about

WAIT_LIMIT = 20  # seconds for a server connection

OPTIONS = {"seconds": 60, "seed": 20240517, "clients": 200, "life": -1, "lives": 0,
           "shown": 5}
for argument in [a for a in sys.argv[1:] if a.startswith("--")]:
    OPTIONS[argument[2:].partition("=")[0]] = int(argument.partition("=")[2])
    sys.argv.remove(argument)

# What another client's work may do to a statement at any time.
UNLUCKY = {"40001": "serialization failure", "55000": "currval not known in a transaction"}

# A client's large object has a number of its own.
NUMBER = re.compile(r"large object \d+")

# A session's currval() on whose connection somebody else has used a sequence since.
NOT_KNOWN = "55000"

# A setting whose name is not in the text keeps the connection of whoever may have made it.
UNSEEN = re.compile(r"set_config\((name|\$1)|: set_config")


def make_cluster():
    cluster = Cluster(shards=1, standbys=1, settings={"timezone": "UTC", "max_connections": 100})
    node = cluster[0].primary
    node.psql(lives.SCHEMA, database="app")
    tags = [tag_of("w", n) for n in range(OPTIONS["clients"])]
    tags += [tag_of("v", n) for n in range(DIRECT)]
    node.psql(";".join(f"CREATE SEQUENCE s_{tag}; GRANT ALL ON SEQUENCE s_{tag} TO PUBLIC"
                       for tag in tags), database="app")
    cluster[0].wait_for_replay()
    return cluster


cluster = testing.Shared(make_cluster)


def tag_of(letter, number):
    return f"{letter}{number:04d}"


class Difference(Exception):
    """The router answered otherwise than PostgreSQL."""


class Unlucky(Exception):
    """The life can't go on, and nobody is to blame."""


class Witness:
    """Notes what a life sees, or compares it with what another one has noted."""

    def __init__(self, tag, noted=None):
        self._tag = tag.encode()
        self._noted = noted
        self.seen = []

    def look(self, client, where, answer, step=None):
        """Takes an answer in: a step's, or of the check after it."""
        before = dict(client.parameters)
        kept = client.take(answer)
        kept += [(b"A", channel + b" " + said) for channel, said in client.notifications]
        client.notifications.clear()
        now = dict(client.parameters) if client.parameters != before else before
        if self._noted is None:
            self.seen.append((answer, self._without_tag(kept), now))
            return
        expected_bytes, expected, parameters = self._noted[len(self.seen)]
        self.seen.append(None)
        if answer != expected_bytes and not same(
                mine := self._without_tag(kept), expected):
            code = wire.sqlstate(mine)
            if step is not None and step.sequence and code == NOT_KNOWN:
                if client.idle or wire.sqlstate(expected):
                    return
                raise Unlucky(code)
            if code in UNLUCKY and code != wire.sqlstate(expected):
                raise Unlucky(code)
            raise Difference(f"{where}\n  PostgreSQL: {brief(expected, mine)}"
                             f"\n  router:     {brief(mine, expected)}")
        if now != parameters and not (step is not None and step.late):
            raise Difference(f"{where}: reported parameters\n"
                             f"  PostgreSQL: {sorted(parameters.items() - now.items())}\n"
                             f"  router:     {sorted(now.items() - parameters.items())}")

    def _without_tag(self, kept):
        tag, place = self._tag, lives.TAG.encode()
        return [(kind, body.replace(tag, place) if isinstance(body, bytes) else
                 {k: NUMBER.sub("large object N", v.replace(tag.decode(), lives.TAG))
                  for k, v in body.items()}
                 if isinstance(body, dict) else body) for kind, body in kept]


# Where the check says which schemas are searched, and whether one is temporary. The number of a
# temporary schema is its server process's.
SCHEMAS = 2
TEMPORARY = 3
TEMPORARY_SCHEMA = re.compile(rb",?pg_temp_\d+")


def same(mine, expected):
    """Whether the answers are the same.

    An empty temporary schema need not stay. And a Parse that is wrong in two ways may be
    told the other one: that its name is taken.
    """
    if mine == expected:
        return True
    if wire.sqlstate(mine) == "42P05" and wire.sqlstate(expected):
        return True
    if [kind for kind, _ in mine] != [kind for kind, _ in expected]:
        return False
    for (kind, one), (_, other) in zip(mine, expected):
        if one == other:
            continue
        if kind != b"D":
            return False
        one, other = columns(one), columns(other)
        if len(one) != len(other) or len(one) < 20:
            return False
        for row in (one, other):
            row[SCHEMAS] = TEMPORARY_SCHEMA.sub(b"", row[SCHEMAS])
        if (one[TEMPORARY], other[TEMPORARY]) == (b"f", b"t"):
            one[TEMPORARY] = other[TEMPORARY]
        if one != other:
            return False
    return True


def brief(messages, others):
    """The messages, and of rows the columns, that are not in both; shortened."""
    if [kind for kind, _ in messages] != [kind for kind, _ in others]:
        return str([m for m in messages if m not in others] or messages)[:1000]
    told = []
    for (kind, mine), (_, other) in zip(messages, others):
        if mine == other:
            continue
        if kind == b"D" and mine[:2] == other[:2]:
            mine = [(n, a) for n, (a, b) in enumerate(zip(columns(mine), columns(other))) if a != b]
        told.append((kind, mine))
    return str(told)[:1000]


def columns(row):
    """The values of a DataRow."""
    values, at = [], 2
    while at < len(row):
        size = int.from_bytes(row[at:at + 4], "big", signed=True)
        values.append(None if size < 0 else row[at + 4:at + 4 + size])
        at += 4 + max(size, 0)
    return values


def with_tag(step, tag):
    return step.data.replace(lives.TAG.encode(), tag.encode())


CHECKS = [wire.query(lives.CHECK), wire.run(lives.CHECK),
          wire.query(lives.CHECK + "; " + lives.CHANNELS)]


def check_of(number, idle):
    """Channels are asked for outside of transactions only: inside, the router refuses to say."""
    return CHECKS[number % (len(CHECKS) if idle else 2)]


def takes_place(life, number):
    """Whether it needs a place among those who keep a connection before this step: it or one
    of the same transaction does. Who waited for a place in a transaction would keep others
    from a connection meanwhile."""
    if not life.idle[number]:
        return False
    for later, step in enumerate(life.steps[number:], number):
        if later > number and life.idle[later]:
            return False
        if step.pin in ("take", "keep") or UNSEEN.search(step.text):
            return True
    return False


async def live(port, life, tag, witness, pins=None, counts=None, tell=None, until=None):
    """Lives a life up to its end. `pins`: places for those who keep a connection.

    After the time `until` the client just vanishes.
    """
    try:
        client = await wire.connect(port, life.startup)
    except wire.Closed as closed:
        raise Difference(f"login: closed, {closed.args[0]!r}") from None
    pinned = kept = False  # has a place; for good
    where = "login"
    try:
        witness.look(client, where, await client.ask(CHECKS[0]))
        for number, step in enumerate(life.steps):
            if pins is None:
                life.idle.append(client.idle)
            elif not pinned and takes_place(life, number):
                await pins.acquire()
                pinned = True
            if until is not None and time.monotonic() > until:
                return
            where = f"life {life.number}, step {number}: {step.text[:300]}"
            began = time.monotonic()
            answer = await client.ask(with_tag(step, tag), step.ready)
            if tell:
                tell(where, client, answer)
            if step.compare:
                witness.look(client, where, answer, step)
            if step.check:
                witness.look(client, where + "  (the environment after it)",
                             await client.ask(check_of(number, client.idle)))
            if counts is not None:
                counts["steps"] += 1
                counts["checks"] += step.check
                slowest = round(time.monotonic() - began, 2)
                counts["slowest (s)"] = max(counts["slowest (s)"], slowest)
            kept |= step.pin == "keep" or UNSEEN.search(step.text) is not None
            if step.pin == "drop" and pinned and not kept:
                pins.release()
                pinned = False
        where = f"life {life.number}, at its end: {life.last.text}"
        await die(client, life, tag)
    except wire.Closed as closed:
        raise Difference(f"{where}: closed, {closed.args[0][-300:]!r}") from None
    except TimeoutError:
        raise Difference(f"{where}: no answer in 30 s") from None
    finally:
        if pinned:
            pins.release()
        client.vanish(reset=False)


async def die(client, life, tag):
    """Ends the connection as the life says."""
    data = with_tag(life.last, tag)
    if life.death == "terminate":
        client.end()
        return
    if life.death in ("in transaction", "in failed transaction"):
        await client.ask(data)
    elif data:
        client.send(data)
        await asyncio.sleep(0.01)
    client.vanish(reset="reset" in life.death or life.death == "in transaction")


async def note_all(port, stories):
    """Lives them directly; what each one saw."""
    noted = {}
    waiting = list(stories)

    async def work(tag):
        while waiting:
            life = waiting.pop()
            witness = Witness(tag)
            await live(port, life, tag, witness)
            noted[life.number] = witness.seen

    await asyncio.gather(*(work(tag_of("v", n)) for n in range(DIRECT)))
    return noted


async def storm(port, stories, noted, seconds):
    """The clients at once. Returns counts and differences."""
    counts, failures = collections.Counter(), []
    pins = asyncio.Semaphore(PINNED)
    end = time.monotonic() + seconds

    async def client(number):
        rng = random.Random(OPTIONS["seed"] * 1000 + number)
        tag = tag_of("w", number)
        await asyncio.sleep(rng.random() * min(2, seconds / 5))
        while time.monotonic() < end and len(failures) < OPTIONS["shown"]:
            life = rng.choice(stories)
            try:
                await live(port, life, tag, Witness(tag, noted[life.number]), pins, counts,
                           until=end)
                counts["lives"] += 1
                counts["death " + life.death] += 1
            except Unlucky as why:
                counts[UNLUCKY[why.args[0]]] += 1
            except Difference as difference:
                failures.append(str(difference))

    await asyncio.gather(*(client(n) for n in range(OPTIONS["clients"])))
    return counts, failures


class LeakStormTest(unittest.TestCase):
    @testing.timeout(240)
    def test_no_client_sees_a_trace_of_another(self):
        seconds, seed = OPTIONS["seconds"], OPTIONS["seed"]
        amount = OPTIONS["lives"] or max(60, 3 * seconds)
        stories = [lives.make(random.Random(f"{seed}/{n}"), n, STEPS) for n in range(amount)]
        if OPTIONS["life"] >= 0:
            stories = [stories[OPTIONS["life"]]]
        primary = cluster()[0].primary
        began = time.monotonic()
        noted = asyncio.run(note_all(primary.port, stories))
        for life in noted.values():
            self.assertEqual(wire.sqlstate(life[0][1]), '', 'the check itself')
        print(f"seed {seed}: {amount} lives noted in {time.monotonic() - began:.1f} s")
        with Router(shards=cluster().shards_flag(), threads=1,
                    pool_size=SERVER_CONNECTIONS, checkout_timeout=f"{WAIT_LIMIT}s") as router:
            if OPTIONS["life"] >= 0:
                return self.one(router, stories[0], noted)
            began = time.monotonic()
            counts, failures = asyncio.run(storm(router.port, stories, noted, seconds))
            print(f"{time.monotonic() - began:.1f} s: {dict(sorted(counts.items()))}")
            self.assertTrue(router.is_up(), router.logs())
            self.assertFalse("\n".join(failures), f"seed {seed}")
            unlucky = sum(counts[name] for name in UNLUCKY.values())
            self.assertGreater(counts["steps"], 100 * seconds)
            self.assertLess(counts["slowest (s)"], WAIT_LIMIT)
            self.assertLess(unlucky, counts["lives"] / 5, "most lives have to end as planned")
            self.assert_nothing_is_left(primary)

    @testing.timeout(120)
    def test_what_was_different_once_is_the_same(self):
        stories = lives.once_different()
        noted = asyncio.run(note_all(cluster()[0].primary.port, stories))
        with Router(shards=cluster().shards_flag(), threads=1,
                    pool_size=SERVER_CONNECTIONS, checkout_timeout=f"{WAIT_LIMIT}s") as router:
            counts, failures = asyncio.run(storm(router.port, stories, noted, seconds=4))
            self.assertFalse("\n".join(failures))
            self.assertGreater(counts["lives"], 10 * len(stories))
            self.assert_nothing_is_left(cluster()[0].primary)

    def one(self, router, life, noted):
        def tell(where, client, answer):
            print(where, "\n    ", str(wire.Client().take(answer))[:300])
        witness = Witness(tag_of("w", 0), noted[life.number])
        asyncio.run(live(router.port, life, tag_of("w", 0), witness, asyncio.Semaphore(1),
                         tell=tell))

    def assert_nothing_is_left(self, primary):
        """No lock and no transaction outlives its client."""
        left = ("SELECT mode FROM pg_locks WHERE locktype = 'advisory' UNION ALL"
                " SELECT query FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND state <> 'idle' AND pid <> pg_backend_pid()")
        wait_until(lambda: primary.sql(left, dbname="app") == [],
                   "locks and transactions of the dead to go", timeout=5)


if __name__ == "__main__":
    testing.main()
