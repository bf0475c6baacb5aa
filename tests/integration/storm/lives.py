"""What the clients of the leak storm do: random lives, each one connection from login to death.

A life is made from a random generator alone, so that the same seed makes the same life, and
running it on PostgreSQL directly says what the router has to answer. Whatever names a
client (its lock keys, sequence, channel, rows) contains TAG, which each client replaces by
one of its own of the same length.
"""

import dataclasses

from tests.integration.storm import wire

TAG = "wzzzz"  # no hexadecimal digits: it must not be found in a hash

SCHEMA = """
    CREATE ROLE alice LOGIN; CREATE ROLE r1; CREATE ROLE r2;
    GRANT r1 TO alice;
    CREATE SCHEMA sa; CREATE SCHEMA sb; CREATE SCHEMA r1;
    GRANT USAGE ON SCHEMA sa, sb, r1 TO PUBLIC;
    CREATE TABLE public.probe (place text); INSERT INTO public.probe VALUES ('public');
    CREATE TABLE sa.probe (place text); INSERT INTO sa.probe VALUES ('sa');
    CREATE TABLE sb.probe (place text, more int); INSERT INTO sb.probe VALUES ('sb', 1);
    CREATE TABLE r1.probe (place text); INSERT INTO r1.probe VALUES ('r1');
    GRANT SELECT ON public.probe, sa.probe, sb.probe, r1.probe TO PUBLIC;
    CREATE TABLE public.notes (tag text, n int, PRIMARY KEY (tag, n));
    GRANT SELECT, INSERT, DELETE ON public.notes TO alice, r1;
    CREATE FUNCTION public.leave(name text, value text) RETURNS text LANGUAGE plpgsql
      AS $$ BEGIN CASE name WHEN 'work_mem' THEN RETURN set_config('work_mem', value, false);
                            WHEN 'my.a' THEN RETURN set_config('my.a', value, false);
                            WHEN 'datestyle' THEN RETURN set_config('datestyle', value, false);
                            ELSE RETURN set_config('search_path', value, false); END CASE; END $$;
    CREATE FUNCTION public.leave_lock(tag text) RETURNS int LANGUAGE plpgsql
      AS $$ BEGIN PERFORM pg_advisory_lock((hashtext(tag)::bigint << 20) + 5); RETURN 5; END $$;
    CREATE FUNCTION public.keeps(value text) RETURNS text LANGUAGE plpgsql SET work_mem = '3MB'
      AS $$ BEGIN RETURN current_setting('work_mem') || value; END $$;
    CREATE PROCEDURE public.commits(value text) LANGUAGE plpgsql
      AS $$ BEGIN PERFORM set_config('work_mem', value, false); COMMIT;
                  PERFORM set_config('my.a', value, true); END $$;
"""

# Everything that a session could tell itself apart by, in one row.
CHECK = """
  SELECT current_user, session_user,
   current_schemas(false), current_schemas(true)::text LIKE '%pg_temp%',
   (SELECT CASE WHEN relpersistence = 't' THEN 'temporary' ELSE oid::text END FROM pg_class
     WHERE oid = to_regclass('probe')), to_regclass('leftover') IS NOT NULL,
   (SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
     WHERE source IN ('session', 'client') AND name NOT LIKE '%.%'
     AND name NOT LIKE 'transaction_%'),
   (SELECT md5(string_agg(name || '=' || setting, ' ' ORDER BY name)) FROM pg_settings
     WHERE name NOT LIKE '%.%'),
   (SELECT string_agg(relname || relkind::text, ' ' ORDER BY relname) FROM pg_class
     WHERE relnamespace = pg_my_temp_schema() AND relkind <> 'i'),
   (SELECT string_agg((objid::int8 & 1048575)::text || mode || objsubid::text, ' '
                      ORDER BY objid::int8 & 1048575, mode, objsubid)
     FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
   (SELECT string_agg(concat(name, is_holdable, is_binary, is_scrollable), ' ' ORDER BY name)
     FROM pg_cursors WHERE name <> ''),
   timestamptz '2026-01-02 03:04:05.678+00'::text, interval '1 day 2 hours -3 minutes'::text,
   (1 / 3.0::float8)::text, decode('dead00', 'hex')::text,
   current_setting('my.a', true), current_setting('my.b', true), current_setting('other.b', true),
   current_setting('my.start', true), current_setting('my.run', true)
""".replace("\n", " ")

CHANNELS = "SELECT string_agg(c, ' ' ORDER BY c) FROM pg_listening_channels() c"

SETTINGS = {
    "work_mem": ["'1MB'", "'5MB'", "7777", "'6 MB'"],
    "timezone": ["'UTC'", "'Asia/Tokyo'", "'America/New_York'", "-3", "'Mars/Olympus'"],
    "datestyle": ["'ISO, DMY'", "'German'", "'SQL, DMY'", "postgres, mdy", "'ISO, MDY'"],
    "intervalstyle": ["'iso_8601'", "'sql_standard'", "postgres"],
    "extra_float_digits": ["0", "-5", "3"],
    "bytea_output": ["'escape'", "hex"],
    "search_path": ["sa", "sb, public", "''", "\"$user\", sb", "pg_catalog", "sa, \"nowhere\"",
                    "'sb'", "public, pg_temp"],
    "application_name": ["'one'", "'it''s two'", "''"],
    "statement_timeout": ["'77s'", "61000", "0"],
    "lock_timeout": ["'66s'", "'1min'"],
    "default_transaction_isolation": ["'repeatable read'", "'read committed'", "serializable"],
    "default_transaction_read_only": ["on", "off"],
    "default_transaction_deferrable": ["on", "off"],
    "enable_seqscan": ["off", "on"],
    "client_min_messages": ["error", "warning", "notice"],
    "standard_conforming_strings": ["off", "on"],
    "client_encoding": ["'LATIN1'", "'UTF8'", "'SQL_ASCII'"],
    "transform_null_equals": ["on", "off"],
    "synchronous_commit": ["off", "local"],
    "session_replication_role": ["replica", "origin"],
    "row_security": ["off", "on"],
    "xmloption": ["document", "content"],
    "plan_cache_mode": ["force_generic_plan", "auto"],
    "temp_buffers": ["'9MB'", "2000"],
    "no_such_setting": ["1"],
    "log_min_duration_statement": ["-1", "100000"],
}
NAMES = list(SETTINGS)

STATEMENTS = [
    "SELECT place FROM probe", "SELECT * FROM probe", "SELECT count(*) FROM notes WHERE tag = '@'",
    "SELECT date '01/02/2026' - date '2026-01-01'", "SELECT timestamptz 'epoch'",
    "SELECT current_setting('timezone'), current_user", "SELECT 'a\\\\b', length('\u00e4')",
    "SELECT NULL = NULL", "SHOW search_path", "SELECT interval '36 hours', 1e-7::float8",
    "TABLE probe", "VALUES (current_schema)", "SELECT sum(g) FROM generate_series(1, 300) g",
    "SELECT pg_sleep(0.002)", "INSERT INTO notes VALUES ('@', #) ON CONFLICT DO NOTHING",
    "INSERT INTO notes VALUES ('@', #) ON CONFLICT DO NOTHING RETURNING tag",
    "DELETE FROM notes WHERE tag = '@' RETURNING tag", "SELECT 1/0", "SELEC 1", "SELECT no_column",
    "SELECT * FROM no_table", "", "SHOW no.such", "SELECT public.keeps('x')", "EXPLAIN SELECT 1",
    "COPY (SELECT place FROM probe) TO STDOUT", "SELECT repeat('x', 20000)",
]


@dataclasses.dataclass
class Step:
    """One exchange: `data` is sent, `ready` ReadyForQuery come back."""

    text: str
    data: bytes
    ready: int = 1
    check: bool = True  # look at the whole environment afterwards
    pin: str = ""  # a place among those who hold a connection is needed: "take", "keep"; "drop"
    late: bool = False  # what it changes unseen may be reported with the next answer
    compare: bool = True
    sequence: bool = False  # asks for currval() or lastval(), which may be refused as not known


@dataclasses.dataclass
class Life:
    """A connection's whole story. `death`: how it ends."""

    number: int
    startup: dict
    steps: list
    death: str
    last: Step
    # Whether the session is outside of a transaction before each step: known once it is lived.
    idle: list = dataclasses.field(default_factory=list)


class Maker:
    """Makes one life."""

    def __init__(self, rng, number):
        self._rng = rng
        self._steps = []
        self._number = number
        self._savepoints = 0

    def life(self, length):
        """A life of about `length` steps."""
        # After temporary tables temp_buffers is fixed, for as long as the connection lives.
        self._temporary = self._rng.random() < 0.7
        self._sql(f"SELECT setval('s_{TAG}', 1, false)", compare=False, check=False)
        self._sql(f"DELETE FROM notes WHERE tag = '{TAG}'", compare=False, check=True)
        episodes = [(self._setting, 26), (self._reset, 6), (self._several, 7), (self._unseen, 9),
                    (self._transaction, 16), (self._prepared, 10), (self._statement, 14),
                    (self._pipeline, 6), (self._sql_prepared, 6), (self._pinned, 5), (self._discard, 4),
                    (self._run_time_names, 3), (self._channels, 6), (self._sequence, 5),
                    (self._large_object, 3)]
        while len(self._steps) < length:
            self._choose(episodes)()
        startup = self._startup()
        death = self._rng.choice(["terminate", "close", "reset", "in query", "in transaction",
                                  "in failed transaction", "reset in query", "in pipeline"])
        return Life(self._number, startup, self._steps, death, self._last(death))

    def _startup(self):
        rng = self._rng
        startup = {"user": "alice" if rng.random() < 0.06 else "postgres", "database": "app"}
        for name, value in (("TimeZone", "Europe/Berlin"), ("DateStyle", "SQL, MDY"),
                            ("application_name", "storm"), ("client_encoding", "UTF8"),
                            ("options", "-c work_mem=2222 -c my.start=x"),
                            ("search_path", "sb, public")):
            if rng.random() < 0.15:
                startup[name] = value
        return startup

    def _last(self, death):
        text = {"in query": "SELECT pg_sleep(0.3)", "reset in query": "SELECT pg_sleep(0.3)",
                "in transaction": f"BEGIN; SET work_mem = '9MB'; SET LOCAL ROLE r1; SELECT "
                                  f"pg_advisory_xact_lock((hashtext('{TAG}')::bigint << 20) + 9)",
                "in failed transaction": "BEGIN; SET my.a = 'dead'; SELECT 1/0"}.get(death, "")
        data = wire.query(text) if text else b""
        if death == "in pipeline":
            text = "pipeline without Sync"
            data = b"".join(wire.parse("", t) + wire.bind("", "") + wire.execute() for t in (
                "SET work_mem = '9MB'", "SET ROLE r2", "SELECT pg_sleep(0.1)"))
        return Step(text, data)

    # --- Small things ------------------------------------------------------------------

    def _choose(self, weighted):
        return self._rng.choices([w[0] for w in weighted], [w[1] for w in weighted])[0]

    def _add(self, text, data, **more):
        self._steps.append(Step(text, data, **more))

    def _sql(self, text, **more):
        """One text by the simple or the extended protocol."""
        if self._rng.random() < 0.65 or ";" in text:
            self._add(text, wire.query(text), **more)
        else:
            self._add(f"{text}  [extended]", wire.run(text), **more)

    def _set_text(self, local=""):
        rng = self._rng
        kind = rng.random()
        name = rng.choice([n for n in NAMES if n != "temp_buffers" or not self._temporary])
        value = rng.choice(SETTINGS[name])
        plain = value.strip("'") if value.count("'") == 2 else value
        if kind < 0.5:
            return f"SET {local} {name} {rng.choice(['TO', '='])} {value}"
        if kind < 0.6:
            flag = "true" if local == "LOCAL" else "false"
            return f"SELECT set_config('{name}', $${plain}$$, {flag})"
        if kind < 0.7:
            return f"SET {local} {rng.choice(['my.a', 'my.b', 'Other.B'])} = '{rng.randint(1, 9)}'"
        if kind < 0.82:
            return rng.choice([f"SET {local} ROLE r1", f"SET {local} ROLE 'r2'", "SET ROLE NONE",
                               "RESET ROLE", f"SET {local} ROLE nobody", "SET role = 'r1'",
                               "SELECT set_config('role', 'r1', false)"])
        if kind < 0.88:
            return rng.choice([f"SET {local} SESSION AUTHORIZATION r1",
                               f"SET {local} SESSION AUTHORIZATION 'alice'",
                               "RESET SESSION AUTHORIZATION",
                               "SET SESSION AUTHORIZATION DEFAULT"])
        return rng.choice([
            f"SET {local} TIME ZONE 'Asia/Kolkata'", f"SET {local} TIME ZONE LOCAL",
            f"SET {local} TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE", f"SET {local} SCHEMA 'sa'",
            f"SET {local} NAMES 'LATIN1'", f"SET {local} NAMES DEFAULT",
            f"SET {local} XML OPTION DOCUMENT", f"SET {local} {name} TO DEFAULT",
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"])

    def _statement_text(self):
        text = self._rng.choice(STATEMENTS)
        return text.replace("@", TAG).replace("#", str(self._rng.randint(1, 10**6)))

    def _lock(self, number):
        return f"(hashtext('{TAG}')::bigint << 20) + {number}"

    # --- Episodes ------------------------------------------------------------------------

    def _setting(self):
        self._sql(self._set_text(self._rng.choice(["", "", "", "SESSION", "LOCAL"])))

    def _reset(self):
        self._sql(self._rng.choice(["RESET ALL", f"RESET {self._rng.choice(NAMES)}", "RESET my.a",
                                    f"RESET {self._rng.choice(NAMES)}", "RESET TIME ZONE"]))

    def _statement(self):
        self._sql(self._statement_text())

    def _several(self):
        """Several statements in one Query: one implicit transaction, or several."""
        rng = self._rng
        parts = []
        for _ in range(rng.randint(2, 4)):
            parts.append(rng.choice([
                self._set_text(), self._set_text("LOCAL"), self._statement_text(), "BEGIN",
                "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "RESET ALL"]))
        self._add("; ".join(parts), wire.query("; ".join(parts)))
        if rng.random() < 0.8:
            self._sql(rng.choice(["ROLLBACK", "COMMIT"]))

    def _unseen(self):
        """What changes state where no statement says so."""
        rng = self._rng
        name = rng.choice(["work_mem", "my.a", "search_path", "datestyle"])
        value = {"work_mem": "9MB", "my.a": "unseen", "search_path": "sa", "datestyle": "German"}[name]
        self._sql(rng.choice([
            f"DO $$ BEGIN PERFORM set_config('{name}', '{value}', false); END $$",
            f"DO $$ BEGIN SET {name} = '{value}'; END $$",
            f"DO $$ BEGIN SET LOCAL {name} = '{value}'; END $$",
            "DO $$ BEGIN SET ROLE r1; END $$", "DO $$ BEGIN RESET ALL; END $$",
            f"DO $$ BEGIN SET {name} = '{value}'; RAISE EXCEPTION 'undone'; END $$",
            f"SELECT public.leave('{name}', '{value}')",
            f"SELECT public.leave('{name}', '{value}'), 1/0",
            f"CALL public.commits('8MB')",
            f"UPDATE pg_settings SET setting = '{value}' WHERE name = '{name}'",
            f"SELECT set_config(name, '{value}', false) FROM pg_settings WHERE name = '{name}'",
            f"WITH s AS (SELECT set_config('{name}', '{value}', false)) SELECT * FROM s",
            f"VALUES (set_config('{name}', '{value}', false))",
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)"
            f" SELECT set_config('{name}', '{value}', false)",
            f"EXPLAIN SELECT set_config('{name}', '{value}', false)",
            f"COPY (SELECT set_config('{name}', '{value}', false)) TO STDOUT",
            f"SELECT 1 WHERE set_config('{name}', '{value}', false) = ''",
            f"SELECT set_config('{name}', '{value}', false), set_config('my.b', '2', true)",
            f"CREATE TABLE never AS SELECT set_config('{name}', '{value}', false), 1/0",
            f"SELECT pg_advisory_xact_lock({self._lock(3)})",
        ]), late=True)

    def _transaction(self):
        rng = self._rng
        self._sql(rng.choice(["BEGIN", "BEGIN", "START TRANSACTION", "BEGIN READ ONLY",
                              "BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN; SELECT 1"]))
        for _ in range(rng.randint(1, 7)):
            self._sql(rng.choice([
                self._set_text("LOCAL"), self._set_text("LOCAL"), self._set_text(),
                self._set_text(), f"SAVEPOINT {rng.choice('ab')}",
                f"SAVEPOINT {rng.choice('ab')}", f"ROLLBACK TO {rng.choice('ab')}",
                f"ROLLBACK TO SAVEPOINT {rng.choice('ab')}", f"RELEASE {rng.choice('ab')}",
                self._statement_text(), self._statement_text(), "RESET ALL",
                f"RESET {rng.choice(NAMES)}", "DECLARE c CURSOR FOR SELECT * FROM probe",
                "FETCH 1 FROM c", "CLOSE c", f"SELECT pg_advisory_xact_lock({self._lock(4)})",
                "SET CONSTRAINTS ALL DEFERRED", "SET TRANSACTION READ ONLY", "COMMIT AND CHAIN",
                "ROLLBACK AND CHAIN", "BEGIN", "LOCK TABLE notes IN ACCESS SHARE MODE",
                f"DECLARE d CURSOR FOR SELECT set_config('work_mem', '4321', false)",
                "FETCH 1 FROM d", "DO $$ BEGIN SET LOCAL work_mem = '8MB'; SET my.a = 't'; END $$",
                "DISCARD ALL", "DISCARD PLANS", "SET LOCAL my.b = 'local'"]))
        self._sql(rng.choice(["COMMIT", "COMMIT", "END", "ROLLBACK", "ABORT",
                              "SELECT 1; COMMIT", "ROLLBACK; SELECT 1"]))
        self._sql("ROLLBACK")  # after an AND CHAIN

    def _prepared(self):
        """Prepared statements of the protocol, by names that all clients use."""
        rng = self._rng
        for _ in range(rng.randint(1, 4)):
            name = rng.choice(["", "p1", "p2", "p3"])
            kind = rng.random()
            if kind < 0.35:
                text = rng.choice([self._statement_text(), self._set_text()])
                self._add(f"Parse {name}: {text}", wire.parse(name, text) + wire.SYNC)
            elif kind < 0.55:
                self._add(f"Parse {name}: set_config",
                          wire.parse(name, "SELECT set_config($1, $2, false)") +
                          wire.bind("", name, "work_mem", str(rng.randint(1000, 9999))) +
                          wire.execute() + wire.SYNC)
            elif kind < 0.75:
                self._add(f"Bind, Execute {name}", wire.bind("", name) + wire.describe("P", "") +
                          wire.execute() + wire.SYNC)
            elif kind < 0.85:
                self._add(f"Describe {name}", wire.describe("S", name) + wire.SYNC)
            elif kind < 0.93:
                self._add(f"Close {name}", wire.close("S", name) + wire.SYNC)
            else:
                self._sql(rng.choice([f"DEALLOCATE {name or 'p2'}", "DEALLOCATE ALL"]))

    def _sql_prepared(self):
        """Prepared statements of SQL, by names that all clients use."""
        rng = self._rng
        for _ in range(rng.randint(1, 4)):
            name = rng.choice(["q1", "q2", "p1"])
            kind = rng.random()
            if kind < 0.4:
                text = rng.choice(["SELECT place FROM probe", "SELECT 1/0", "TABLE probe",
                                   "SELECT timestamptz 'epoch'", "SELECT current_user",
                                   "SELECT set_config('work_mem', '4567', false)",
                                   f"INSERT INTO notes VALUES ('{TAG}', 7) ON CONFLICT DO NOTHING"])
                self._sql(f"PREPARE {name} AS {text}")
            elif kind < 0.5:
                self._sql(f"PREPARE {name}(text) AS SELECT set_config('work_mem', $1, false)")
            elif kind < 0.8:
                self._sql(f"EXECUTE {name}")
            elif kind < 0.9:
                self._sql(f"EXECUTE {name}('{rng.randint(1, 9)}MB')")
            else:
                self._sql(rng.choice([f"DEALLOCATE {name}", "DEALLOCATE ALL",
                                      f"EXPLAIN (COSTS OFF) EXECUTE {name}"]))

    def _pipeline(self):
        """Many messages in one go, with several Syncs."""
        rng = self._rng
        data, words, syncs = b"", [], 0
        for _ in range(rng.randint(2, 6)):
            text = rng.choice([self._set_text(), self._set_text("LOCAL"), self._statement_text(),
                               "RESET ALL", "DISCARD ALL", "BEGIN", "COMMIT", "ROLLBACK"])
            if text == "":
                continue
            data += wire.parse("", text) + wire.bind("", "") + wire.execute()
            words.append(text)
            if rng.random() < 0.4:
                data += wire.SYNC
                words.append("Sync")
                syncs += 1
        self._add("pipeline " + ", ".join(words), data + wire.SYNC, ready=syncs + 1)
        self._sql("ROLLBACK")

    def _discard(self):
        self._sql(self._rng.choice(["DISCARD ALL", "DISCARD ALL", "DISCARD PLANS", "DISCARD TEMP",
                                    "DISCARD SEQUENCES", "DEALLOCATE ALL", "UNLISTEN *"]))

    def _run_time_names(self):
        """Custom settings whose names are in no text: only the connection knows them."""
        rng = self._rng
        name = rng.choice(["my.a", "my.b", "my.run"])
        head, tail = name.split(".")
        self._sql(rng.choice([
            f"DO $$ BEGIN EXECUTE 'SET {head}.' || '{tail} = 17'; END $$",
            f"DO $$ BEGIN EXECUTE format('SET LOCAL %s.%s = 18', '{head}', '{tail}'); END $$",
            f"DO $$ BEGIN PERFORM set_config('{head}.' || '{tail}', 'run', false); END $$",
            f"SELECT set_config('{head}.' || '{tail}', 'run', false)",
            f"SELECT set_config(n, 'of a row', true) FROM (VALUES ('{head}' || '.{tail}')) v(n)",
        ]), pin="keep", late=True)
        for _ in range(rng.randint(0, 3)):
            self._sql(rng.choice([self._set_text(), self._statement_text(), f"SHOW {name}",
                                  f"RESET {name}", "RESET ALL", "DISCARD ALL"]))

    def _channels(self):
        """LISTEN and NOTIFY: what a client hears is compared, too."""
        rng = self._rng
        mine = [f"heard_{TAG}", f"also_{TAG}"]
        inside = rng.random() < 0.4
        if inside:
            self._sql("BEGIN")
        for number in range(rng.randint(2, 5)):
            channel = rng.choice(mine)
            self._sql(rng.choice([
                f"LISTEN {channel}", f"LISTEN {channel}", f"NOTIFY {channel}, 'n{number}'",
                f"NOTIFY {channel}, 'n{number}'", f"SELECT pg_notify('{channel}', 'p{number}')",
                f"UNLISTEN {channel}", "UNLISTEN *", self._statement_text(), self._set_text()]))
        if inside:
            self._sql(rng.choice(["COMMIT", "COMMIT", "ROLLBACK"]))
        if rng.random() < 0.3:
            self._sql(rng.choice(["UNLISTEN *", "DISCARD ALL"]))

    def _sequence(self):
        """What currval() and lastval() say is of this session and nobody else."""
        rng = self._rng
        name = f"s_{TAG}"
        inside = rng.random() < 0.5
        if inside:
            self._sql("BEGIN")
        for _ in range(rng.randint(2, 5)):
            kind = rng.random()
            if kind < 0.45:
                self._sql(f"SELECT nextval('public.{name}')")
            elif kind < 0.8:
                self._sql(rng.choice([f"SELECT currval('public.{name}')", "SELECT lastval()"]),
                          sequence=True)
            else:
                self._sql(rng.choice([f"SELECT setval('public.{name}', {rng.randint(1, 99)})",
                                      "DISCARD SEQUENCES", self._statement_text()]))
        if inside:
            self._sql(rng.choice(["COMMIT", "ROLLBACK"]))

    def _large_object(self):
        """A descriptor lives in its transaction, and nowhere else."""
        rng = self._rng
        number = f"((hashtext('{TAG}') & 1073741823) + 100000)::oid"
        self._sql("BEGIN")
        self._sql(f"SELECT lo_create({number}) = {number}")
        self._sql(f"SELECT lo_open({number}, 393216)")
        for _ in range(rng.randint(1, 3)):
            self._sql(rng.choice([
                "SELECT lowrite(0, 'large'::bytea)", "SELECT lo_lseek(0, 0, 0), loread(0, 3)",
                "SELECT lo_tell(0)", f"SELECT lo_open({number}, 262144)", self._set_text("LOCAL"),
                "SELECT loread(1, 9)", "SAVEPOINT a", "ROLLBACK TO a"]))
        if rng.random() < 0.5:
            self._sql(f"SELECT lo_unlink({number})")
        self._sql("ROLLBACK")
        self._sql("SELECT loread(0, 1)")

    def _pinned(self):
        """What keeps a connection with its client, until it is undone or the client dies."""
        rng = self._rng
        lock = rng.randint(1, 3)
        take, undo = self._rng.choice(self._pins(lock))
        if not self._temporary and "TEMP" in " ".join(take):
            return
        first = True
        for text in take:
            self._sql(text, pin="take" if first else "")
            first = False
        for _ in range(rng.randint(0, 4)):
            self._sql(rng.choice([self._set_text(), self._set_text("LOCAL"),
                                  self._statement_text(), "SELECT * FROM leftover", "BEGIN",
                                  "COMMIT", "ROLLBACK"]))
        self._sql("ROLLBACK")
        if rng.random() < 0.8:
            for text in undo:
                self._sql(text)
        # Whatever is left of it, also if something above failed.
        self._sql("DISCARD ALL", pin="drop")

    def _pins(self, lock):
        """(statements, what undoes them)"""
        return [
            ([f"CREATE TEMP TABLE leftover (a int)", "INSERT INTO leftover VALUES (1)"],
             ["DROP TABLE leftover"]),
            (["CREATE TEMP VIEW leftover AS SELECT 7 AS a"], ["DROP VIEW leftover"]),
            (["SELECT 1 AS a INTO TEMP leftover"], ["DISCARD TEMP"]),
            (["CREATE TEMP TABLE probe AS SELECT 'temporary' AS place"], ["DROP TABLE pg_temp.probe"]),
            (["CREATE TEMP TABLE leftover (a int) ON COMMIT DROP"], []),
            ([f"SELECT pg_advisory_lock({self._lock(lock)})"],
             [f"SELECT pg_advisory_unlock({self._lock(lock)})"]),
            ([f"SELECT pg_try_advisory_lock_shared({self._lock(lock)})",
              f"SELECT pg_advisory_lock({self._lock(lock)})"], ["SELECT pg_advisory_unlock_all()"]),
            ([f"SELECT public.leave_lock('{TAG}')"], ["SELECT pg_advisory_unlock_all()"]),
            (["DECLARE h CURSOR WITH HOLD FOR SELECT * FROM generate_series(1, 5)", "FETCH 2 FROM h"],
             ["FETCH 1 FROM h", "CLOSE h"]),
            (["BEGIN", "DECLARE h CURSOR WITH HOLD FOR SELECT * FROM probe", "COMMIT"],
             ["CLOSE ALL"]),
            ([f"SELECT pg_advisory_lock({self._lock(7)}), 1 / (random() * 0)::int"], ["SELECT pg_advisory_unlock_all()"]),
            ([f"DO $$ BEGIN PERFORM pg_advisory_lock({self._lock(8)}); RAISE EXCEPTION 'late'; END $$"],
             ["DISCARD ALL"]),
            ([f"SELECT setseed(0.{lock})", "SELECT random()"], ["SELECT random(), random()"]),
            (["BEGIN", f"SELECT pg_advisory_lock({self._lock(7)})", "ROLLBACK"],
             ["SELECT pg_advisory_unlock_all()"]),
            (["DO $$ BEGIN CREATE TEMP TABLE leftover (a int); SET work_mem = '6MB';"
              f" PERFORM pg_advisory_lock({self._lock(6)}); SET my.a = 'do'; END $$"],
             ["DISCARD ALL"]),
            ([f"CREATE TEMP SEQUENCE leftover", "SELECT nextval('leftover')",
              "SELECT currval('leftover'), lastval()"], ["DROP SEQUENCE leftover"]),
        ]


def make(rng, number, length):
    """A random life."""
    return Maker(rng, number).life(length)


# What once was answered otherwise than PostgreSQL answers: (startup, steps). A step is a text
# for a Query, or a list of those of a pipeline; None stands for Sync.
ONCE_DIFFERENT = [
    # What a commit leaves of SET LOCAL over a RESET.
    ({}, ["SET enable_seqscan = off", "BEGIN", "RESET ALL", "SET LOCAL enable_seqscan = on",
          "COMMIT"]),
    # Custom settings of the startup packet, where code runs that may have changed them.
    ({"options": "-c my.start=x"}, ["DO $$ BEGIN SET work_mem = '5MB'; END $$", "SELECT 1",
                                    "DO $$ BEGIN RESET ALL; END $$", "SELECT 2"]),
    # Custom settings that a text names and never comes to make.
    ({}, ["SELECT 1; SAVEPOINT a; SET other.b = '6'", "SELECT 1"]),
    ({}, ["BEGIN", "SELECT 1/0", "SET LOCAL my.b = 'x'", "ROLLBACK", "SELECT 1"]),
    ({}, [["BEGIN", "DISCARD ALL", None, "SET my.b = '9'", None], "ROLLBACK", "SELECT 1"]),
    # Custom settings that are made for good by what is undone.
    ({}, ["BEGIN", "RESET ROLE", "SAVEPOINT b", "SET LOCAL my.b = 'local'", "SELECT 1; COMMIT"]),
    ({}, ["SELECT set_config('my.a', 'x', false), 1/0", "SELECT 1"]),
    # DISCARD ALL leaves them, and must be the first of its transaction.
    ({}, ["SET my.a = 'x'", "DISCARD ALL", "SELECT 1"]),
    ({}, [f"SELECT nextval('public.s_{TAG}') > 0", ["SELECT 1", "ROLLBACK", "COMMIT",
                                                   "DISCARD ALL", None], "SELECT 1"]),
    # Descriptors of large objects end with their transaction.
    ({}, ["BEGIN", "SELECT lo_open(1, 262144)", "ROLLBACK", "SELECT loread(0, 1)"]),
]


def once_different():
    """Lives of ONCE_DIFFERENT."""
    made = []
    for number, (startup, texts) in enumerate(ONCE_DIFFERENT):
        steps = []
        for text in texts:
            if isinstance(text, str):
                steps.append(Step(text, wire.query(text)))
                continue
            data = b"".join(wire.SYNC if part is None else
                            wire.parse("", part) + wire.bind("", "") + wire.execute()
                            for part in text)
            steps.append(Step(f"pipeline {text}", data, ready=text.count(None)))
        startup = {"user": "postgres", "database": "app"} | startup
        made.append(Life(number, startup, steps, "terminate", Step("", b"")))
    return made
