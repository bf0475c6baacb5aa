<?php
// PHP: PDO with its defaults (prepared on the server), and the pgsql extension.

$lane = getenv('LANE');

function show(...$values) {
    echo implode(' ', array_map(fn($v) => is_string($v) ? $v : json_encode($v, JSON_UNESCAPED_UNICODE), $values)), "\n";
}

function connect(array $options = [], string $dsn = ''): PDO {
    global $lane;
    $host = getenv('PGHOST');
    $port = getenv('PGPORT');
    $name = getenv('PGDATABASE');
    $dsn = $dsn ?: "pgsql:host=$host;port=$port;dbname=$name;application_name=php;options='-c search_path=$lane'";
    return new PDO($dsn, getenv('PGUSER'), getenv('PGPASSWORD'), $options);
}

// What went wrong, in the words of the server.
function error_of(callable $action) {
    try {
        $action();
        show('no error');
    } catch (PDOException $error) {
        show($error->errorInfo[0], explode("\n", $error->errorInfo[2] ?? $error->getMessage()));
    }
}

function rows($statement) {
    return $statement->fetchAll(PDO::FETCH_NUM);
}

function connecting() {
    global $lane;
    $db = connect();
    $db->exec("DROP SCHEMA IF EXISTS $lane CASCADE");
    $db->exec("CREATE SCHEMA $lane");
    show($db->getAttribute(PDO::ATTR_SERVER_VERSION), $db->getAttribute(PDO::ATTR_CONNECTION_STATUS));
    show(rows($db->query('SHOW application_name')), rows($db->query('SHOW search_path')));
    foreach (["user=driver password=wrong", "dbname=nowhere", "options='-c nonsense=1'"] as $wrong) {
        try {
            new PDO("pgsql:$wrong", getenv('PGUSER'), str_contains($wrong, 'password') ? 'wrong' : getenv('PGPASSWORD'));
        } catch (PDOException $error) {
            show(explode("\n", preg_replace('/.*failed: /', '', $error->getMessage()))[0]);
        }
    }
    $kept = connect([PDO::ATTR_PERSISTENT => true]);
    show(rows($kept->query('SELECT 1')));
}

function queries() {
    $db = connect();
    show(rows($db->query("SELECT 1, 'x', NULL, true, 1.5, 2::bigint")));
    $statement = $db->prepare('SELECT ?::int + ?, ?');
    $statement->execute([1, 2, "it's"]);
    show(rows($statement));
    $statement = $db->prepare('SELECT :a::text || :b::text');
    $statement->execute(['a' => 'x', 'b' => 'y']);
    show(rows($statement));
    show($db->exec('CREATE TABLE q (a int); INSERT INTO q VALUES (1), (2)'));
    show($db->exec('UPDATE q SET a = a + 1'), $db->quote("it's"));
    $statement = $db->query('SELECT a, a::text AS b FROM q ORDER BY a');
    $meta = $statement->getColumnMeta(0);
    show($statement->rowCount(), $statement->columnCount(), $meta['native_type'], $meta['name'], $meta['table']);
    show($statement->fetchAll(PDO::FETCH_KEY_PAIR));
}

function prepared() {
    $db = connect();
    $db->exec('CREATE TABLE p (a int PRIMARY KEY, b text)');
    foreach ([[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]] as $n => $options) {
        $put = $db->prepare('INSERT INTO p VALUES (?, ?)', $options);
        for ($i = 0; $i < 12; $i++) {
            $put->execute([$n * 100 + $i, "row $i"]);
        }
        $get = $db->prepare('SELECT b FROM p WHERE a = :a', $options);
        for ($i = 0; $i < 12; $i++) {
            $get->bindValue('a', $n * 100 + $i, PDO::PARAM_INT);
            $get->execute();
            show($get->fetchColumn());
            $get->closeCursor();
        }
        unset($put, $get);
    }
    error_of(fn() => $db->prepare('SELECT nonsense')->execute());
    show(rows($db->query('SELECT count(*) FROM p')));
}

function types() {
    $db = connect();
    $db->exec("CREATE TYPE mood AS ENUM ('sad', 'happy')");
    $values = ['int2' => 32767, 'int8' => 4611686018427387904, 'numeric' => '12345.678900', 'float8' => 1.5e-300,
        'text' => 'naïve, ☃ and 𝄞', 'date' => '1999-12-31', 'timestamptz' => '2020-02-29 12:00:00+00',
        'uuid' => '00000000-0000-0000-0000-000000000007', 'jsonb' => '{"a": [1, null, "ü"]}', 'int4[]' => '{1,NULL,3}',
        'int4range' => '[1,5)', 'mood' => 'happy', 'mood[]' => '{sad,happy}'];
    foreach ($values as $name => $value) {
        $statement = $db->prepare("SELECT ?::$name");
        for ($i = 0; $i < 3; $i++) {
            $statement->execute([$value]);
        }
        show($name, $statement->fetchColumn());
    }
    $statement = $db->prepare('SELECT ?::bool, ?::bytea, ?::int');
    $bytes = implode('', array_map('chr', range(0, 255)));
    $statement->bindValue(1, true, PDO::PARAM_BOOL);
    $statement->bindValue(2, $bytes, PDO::PARAM_LOB);
    $statement->bindValue(3, null, PDO::PARAM_NULL);
    $statement->execute();
    $row = $statement->fetch(PDO::FETCH_NUM);
    show($row[0], stream_get_contents($row[1]) === $bytes, $row[2]);
}

function transactions() {
    $db = connect();
    $db->exec('CREATE TABLE t (a int PRIMARY KEY)');
    $db->beginTransaction();
    $db->exec('INSERT INTO t VALUES (1)');
    show($db->inTransaction());
    $db->rollBack();
    $db->beginTransaction();
    $db->exec('INSERT INTO t VALUES (2)');
    $db->exec('SAVEPOINT here');
    error_of(fn() => $db->exec('INSERT INTO t VALUES (2)'));
    error_of(fn() => $db->query('SELECT 1'));
    show($db->inTransaction());
    $db->exec('ROLLBACK TO here');
    $db->exec('INSERT INTO t VALUES (3)');
    $db->commit();
    show(rows($db->query('SELECT a FROM t ORDER BY a')));
    $db->exec('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY');
    error_of(fn() => $db->exec('INSERT INTO t VALUES (9)'));
    show($db->inTransaction());
    $db->exec('ROLLBACK');
    show($db->inTransaction());
}

function errors() {
    $db = connect();
    $db->exec('CREATE TABLE e (a int NOT NULL CHECK (a > 0))');
    foreach (['SELECT nothing', 'SELECT * FROM nowhere', 'SELEC 1', 'SELECT 1/0', 'INSERT INTO e VALUES (NULL)',
        'INSERT INTO e VALUES (-1)', "SELECT 'x'::int"] as $text) {
        error_of(fn() => $db->exec($text));
        error_of(fn() => $db->prepare($text)->execute());
        show(rows($db->query('SELECT 1')));
    }
}

function copying() {
    $db = connect();
    $db->exec('CREATE TABLE c (a int, b text)');
    show($db->pgsqlCopyFromArray('c', array_map(fn($i) => "$i\trow $i", range(0, 4999))));
    show($db->pgsqlCopyToArray("(SELECT a, b FROM c WHERE a < 3 ORDER BY a)"));
    error_of(fn() => $db->pgsqlCopyFromArray('c', ["not a number\tx"]));
    show(rows($db->query('SELECT count(*) FROM c')));
}

function cursors() {
    $db = connect();
    $db->exec('CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g');
    $db->beginTransaction();
    $statement = $db->prepare('SELECT a FROM r ORDER BY a', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $statement->execute();
    show($statement->fetch(PDO::FETCH_NUM), $statement->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 500),
        $statement->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR));
    $statement->closeCursor();
    unset($statement);
    $db->exec('DECLARE held CURSOR WITH HOLD FOR SELECT a FROM r ORDER BY a');
    $db->commit();
    show(rows($db->query('FETCH 2 FROM held')), rows($db->query('FETCH 2 FROM held')));
    $db->exec('CLOSE held');
}

function notifications() {
    global $lane;
    $listener = connect();
    $speaker = connect();
    $listener->exec("LISTEN news_$lane");
    $speaker->exec("NOTIFY news_$lane, 'first'");
    $speaker->query("SELECT pg_notify('news_$lane', 'second')");
    for ($heard = 0; $heard < 2;) {
        if ($one = $listener->pgsqlGetNotify(PDO::FETCH_ASSOC, 5000)) {
            show($one['message'], $one['payload']);
            $heard++;
        }
    }
}

function settings() {
    $db = connect();
    $db->exec("SET TIME ZONE 'Asia/Kolkata'");
    show(rows($db->query("SELECT '2020-01-01 00:00+00'::timestamptz")));
    $db->exec('SET search_path TO pg_catalog');
    show(rows($db->query('SELECT current_schemas(false)')));
    $db->exec('RESET search_path');
    show(rows($db->query('SELECT current_schemas(false)')));
    $db->exec("SET statement_timeout = '50ms'");
    error_of(fn() => $db->query('SELECT pg_sleep(30)'));
    $db->exec('CREATE TEMP TABLE mine AS SELECT 7 AS a');
    show(rows($db->query('SELECT * FROM mine')));
}

function sizes() {
    $db = connect();
    $sum = 0;
    foreach ($db->query("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g", PDO::FETCH_NUM) as $row) {
        $sum += $row[0];
    }
    show($sum);
    $statement = $db->prepare('SELECT length(?)');
    $statement->execute([str_repeat('ü', 3000000)]);
    show($statement->fetchColumn());
}

function sequences() {
    $db = connect();
    $db->exec('CREATE TABLE s (id serial PRIMARY KEY, x text)');
    $put = $db->prepare('INSERT INTO s (x) VALUES (?)');
    $db->beginTransaction();
    $put->execute(['a']);
    show($db->lastInsertId());
    $db->commit();
}

function last_ids() {
    $db = connect();
    $db->exec("INSERT INTO s (x) VALUES ('b')");
    show($db->lastInsertId());
    show($db->lastInsertId('s_id_seq'));
    $put = $db->prepare('INSERT INTO s (x) VALUES (?)');
    $put->execute(['c']);
    show($db->lastInsertId());
}

function large_objects() {
    $db = connect();
    $db->beginTransaction();
    $oid = $db->pgsqlLOBCreate();
    $stream = $db->pgsqlLOBOpen($oid, 'w');
    fwrite($stream, '0123456789');
    fseek($stream, 3);
    show(fread($stream, 4));
    fclose($stream);
    show($db->pgsqlLOBUnlink($oid));
    $db->commit();
}

function pgsql_extension() {
    global $lane;
    $db = pg_connect("options='-c search_path=$lane'");
    pg_query($db, 'CREATE TABLE x (a int PRIMARY KEY, b text)');
    pg_prepare($db, 'put', 'INSERT INTO x VALUES ($1, $2)');
    for ($i = 0; $i < 8; $i++) {
        show(pg_affected_rows(pg_execute($db, 'put', [$i, "row $i"])));
    }
    show(pg_fetch_all(pg_query_params($db, 'SELECT * FROM x WHERE a < $1 ORDER BY a', [2])));
    show(pg_insert($db, "$lane.x", ['a' => 100, 'b' => 'inserted']) !== false, pg_meta_data($db, "$lane.x")['b']['type']);
    $failed = @pg_query($db, 'INSERT INTO x VALUES (1)');
    show($failed, explode("\n", pg_last_error($db)));
    pg_send_query($db, 'SELECT 1; SELECT 2');
    while ($result = pg_get_result($db)) {
        show(pg_fetch_all($result));
    }
    pg_send_query($db, 'SELECT pg_sleep(30)');
    usleep(200000);
    show(pg_cancel_query($db), pg_transaction_status($db) === PGSQL_TRANSACTION_IDLE);
    show(pg_copy_from($db, 'x', ["200\tcopied\n"]), pg_copy_to($db, '(SELECT * FROM x WHERE a > 99 ORDER BY a)'));
    pg_query($db, 'SET TIME ZONE UTC');
    show(pg_parameter_status($db, 'TimeZone'), pg_ping($db));
    pg_close($db);
}

// --- Over two shards ----------------------------------------------------------------

function by_key() {
    $db = connect();
    $put = $db->prepare('INSERT INTO items VALUES (?, ?)');
    for ($i = 0; $i < 20; $i++) {
        $put->execute([$i, "item $i"]);
    }
    $get = $db->prepare('SELECT * FROM items WHERE id = ?');
    for ($i = 0; $i < 20; $i++) {
        $get->execute([$i]);
        show(rows($get));
    }
    error_of(fn() => $put->execute([3, 'again']));
    show(rows($db->query('DELETE FROM items WHERE id = 3 RETURNING *')));
}

function scattered() {
    $db = connect();
    $but = $db->prepare('SELECT id FROM items WHERE name <> ?');
    for ($i = 0; $i < 8; $i++) {
        $but->execute(["item $i"]);
        $ids = $but->fetchAll(PDO::FETCH_COLUMN);
        sort($ids);
        show($ids);
    }
}

function on_one_shard() {
    $db = connect();
    $db->beginTransaction();
    $db->exec("UPDATE items SET name = 'mine' WHERE id = 5");
    show(rows($db->query('SELECT name FROM items WHERE id = 5')));
    $db->rollBack();
    show(rows($db->query('SELECT name FROM items WHERE id = 5')));
}

$steps = $argv[1] === 'sharded' ? ['by_key', 'scattered', 'on_one_shard']
    : ['connecting', 'queries', 'prepared', 'types', 'transactions', 'errors', 'copying', 'cursors', 'notifications',
        'settings', 'sizes', 'sequences', 'last_ids', 'large_objects', 'pgsql_extension'];
$status = 0;
foreach ($steps as $step) {
    echo "== $step\n";
    try {
        $step();
    } catch (Throwable $error) {
        $status = 1;
        echo '!! ', $error->getMessage(), ' line ', $error->getLine(), "\n";
    }
}
exit($status);
