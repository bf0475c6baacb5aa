// pgx (v4), as its users use it: binary, a statement cache, batches, COPY; and database/sql above it.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
	_ "github.com/jackc/pgx/v4/stdlib"
)

var (
	ctx  = context.Background()
	lane = os.Getenv("LANE")
)

func show(values ...interface{}) {
	fmt.Println(strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
}

// must ends a step that went wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func config(change func(*pgx.ConnConfig)) *pgx.ConnConfig {
	config, err := pgx.ParseConfig("")
	must(err)
	config.RuntimeParams["search_path"] = lane
	config.RuntimeParams["application_name"] = "pgx"
	if change != nil {
		change(config)
	}
	return config
}

func connect() *pgx.Conn {
	conn, err := pgx.ConnectConfig(ctx, config(nil))
	must(err)
	return conn
}

// showError says what went wrong, in the words of the server.
func showError(err error) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		show(pg.Severity, pg.Code, pg.Message, pg.Detail, pg.Hint, pg.Position, pg.TableName, pg.ColumnName,
			pg.ConstraintName)
	} else {
		show(err)
	}
}

func exec(conn *pgx.Conn, text string, values ...interface{}) {
	_, err := conn.Exec(ctx, text, values...)
	must(err)
}

// rows are the values of a query, as text.
func rows(conn *pgx.Conn, text string, values ...interface{}) []string {
	answer, err := conn.Query(ctx, text, values...)
	must(err)
	defer answer.Close()
	found := []string{}
	for answer.Next() {
		row, err := answer.Values()
		must(err)
		found = append(found, fmt.Sprint(row...))
	}
	must(answer.Err())
	return found
}

func connecting() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "DROP SCHEMA IF EXISTS "+lane+" CASCADE")
	exec(conn, "CREATE SCHEMA "+lane)
	for _, name := range []string{"server_version", "client_encoding", "application_name", "TimeZone", "in_hot_standby"} {
		show(name, conn.PgConn().ParameterStatus(name))
	}
	show(rows(conn, "SHOW application_name"), rows(conn, "SHOW search_path"))
	for _, change := range []func(*pgx.ConnConfig){
		func(c *pgx.ConnConfig) { c.Password = "wrong" },
		func(c *pgx.ConnConfig) { c.Database = "nowhere" },
		func(c *pgx.ConnConfig) { c.RuntimeParams["nonsense"] = "1" },
	} {
		_, err := pgx.ConnectConfig(ctx, config(change))
		var pg *pgconn.PgError
		show(errors.As(err, &pg), pg.Code, pg.Message)
	}
}

func queries() {
	conn := connect()
	defer conn.Close(ctx)
	show(rows(conn, "SELECT 1, 'x', NULL"))
	show(rows(conn, "SELECT $1::int + $2, $3::text", 1, 2, "y"))
	tag, err := conn.Exec(ctx, "CREATE TABLE q (a int); INSERT INTO q VALUES (1), (2)")
	show(tag, err)
	tag, err = conn.Exec(ctx, "UPDATE q SET a = a + $1", 1)
	show(tag, err)
	results, err := conn.PgConn().Exec(ctx, "SELECT 1; SELECT 2, 3; UPDATE q SET a = 7").ReadAll()
	must(err)
	for _, result := range results {
		show(result.CommandTag, len(result.Rows))
	}
	answer, err := conn.Query(ctx, "SELECT 1 AS one, 'x'::varchar(7) AS v, now() AS t")
	must(err)
	for _, field := range answer.FieldDescriptions() {
		show(string(field.Name), field.DataTypeOID, field.DataTypeSize, field.TypeModifier, field.Format)
	}
	answer.Close()
	show(rows(conn, "SELECT $1::int + 1", pgx.QuerySimpleProtocol(true), 41))
}

func prepared() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "CREATE TABLE p (a int PRIMARY KEY, b text)")
	for i := 0; i < 12; i++ {
		exec(conn, "INSERT INTO p VALUES ($1, $2)", i, fmt.Sprint("row ", i))
	}
	description, err := conn.Prepare(ctx, "get", "SELECT b FROM p WHERE a = $1")
	must(err)
	show(description.Name, description.ParamOIDs, len(description.Fields))
	for i := 0; i < 12; i++ {
		show(rows(conn, "get", i), rows(conn, "SELECT a FROM p WHERE b = $1", fmt.Sprint("row ", i)))
	}
	must(conn.Deallocate(ctx, "get"))
	_, err = conn.Exec(ctx, "get", 1)
	showError(err)
	for i := 0; i < 600; i++ { // more than the statement cache holds
		exec(conn, fmt.Sprintf("SELECT %d + $1::int", i), i)
	}
	_, err = conn.Prepare(ctx, "bad", "SELECT nonsense")
	showError(err)
	show(rows(conn, "SELECT b FROM p WHERE a = $1", 5))
}

func kinds() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "CREATE TYPE mood AS ENUM ('sad', 'happy')")
	exec(conn, "CREATE TYPE pair AS (a int, b text)")
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	moment := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	null := pgtype.Present
	for _, kind := range []struct {
		name  string
		value interface{}
	}{
		{"int2", int16(32767)}, {"int4", int32(-2147483648)}, {"int8", int64(1) << 62}, {"float8", 1.5e-300},
		{"numeric", "12345.678900"}, {"text", "naïve, ☃ and 𝄞"}, {"bytea", all}, {"bool", true}, {"date", moment},
		{"timestamptz", moment}, {"timestamp", moment}, {"interval", time.Hour}, {"jsonb", map[string]interface{}{"a": 1}},
		{"uuid", "00000000-0000-0000-0000-000000000007"}, {"int4[]", []int32{1, 2}}, {"text[]", []string{"a", `q"`, ""}},
		{"mood", "happy"}, {"int4range", &pgtype.Int4range{Lower: pgtype.Int4{Int: 1, Status: null},
			Upper: pgtype.Int4{Int: 5, Status: null}, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Status: null}},
		{"inet", "10.0.0.1"}, {"pair", pgx.QueryResultFormats{}},
	} {
		if kind.name == "pair" {
			show(kind.name, rows(conn, "SELECT ROW(1, 'x, y')::pair"))
			continue
		}
		var text string
		must(conn.QueryRow(ctx, "SELECT ($1::"+kind.name+")::text", kind.value).Scan(&text))
		show(kind.name, text)
		if kind.name != "numeric" && kind.name != "interval" {
			show(kind.name, rows(conn, "SELECT $1::"+kind.name, kind.value))
		}
	}
	var a *int
	var b sql.NullString
	must(conn.QueryRow(ctx, "SELECT $1::int, $2::text", nil, nil).Scan(&a, &b))
	show(a == nil, b.Valid)
}

func transactions() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "CREATE TABLE t (a int PRIMARY KEY)")
	tx, err := conn.Begin(ctx)
	must(err)
	_, err = tx.Exec(ctx, "INSERT INTO t VALUES ($1)", 1)
	must(err)
	must(tx.Rollback(ctx))
	must(conn.BeginFunc(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO t VALUES ($1)", 2)
		must(err)
		showError(tx.BeginFunc(ctx, func(inner pgx.Tx) error { // a savepoint
			_, err := inner.Exec(ctx, "INSERT INTO t VALUES ($1)", 2)
			return err
		}))
		_, err = tx.Exec(ctx, "INSERT INTO t VALUES ($1)", 3)
		return err
	}))
	show(rows(conn, "SELECT a FROM t ORDER BY a"))
	tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly})
	must(err)
	_, err = tx.Exec(ctx, "INSERT INTO t VALUES (9)")
	showError(err)
	_, err = tx.Exec(ctx, "SELECT 1")
	showError(err)
	show(tx.Commit(ctx))
	show(string(rune(conn.PgConn().TxStatus())))
}

func mistakes() {
	var notices []string
	conn, err := pgx.ConnectConfig(ctx, config(func(c *pgx.ConnConfig) {
		c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Severity+" "+n.Message) }
	}))
	must(err)
	defer conn.Close(ctx)
	exec(conn, "CREATE TABLE e (a int NOT NULL CHECK (a > 0))")
	for _, text := range []string{"SELECT nothing", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
		"INSERT INTO e VALUES (NULL)", "INSERT INTO e VALUES (-1)", "SELECT 'x'::int"} {
		_, err := conn.Exec(ctx, text)
		showError(err)
		_, err = conn.Exec(ctx, text, pgx.QuerySimpleProtocol(false))
		showError(err)
		show(rows(conn, "SELECT 1"))
	}
	exec(conn, "DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'beware'; END $$")
	exec(conn, "DROP TABLE IF EXISTS not_there")
	show(notices)
}

func batches() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "CREATE TABLE m (a int PRIMARY KEY, b text)")
	batch := &pgx.Batch{}
	for i := 0; i < 200; i++ {
		batch.Queue("INSERT INTO m VALUES ($1, $2)", i, fmt.Sprint(i))
	}
	batch.Queue("SELECT count(*) FROM m")
	results := conn.SendBatch(ctx, batch)
	for i := 0; i < 200; i++ {
		_, err := results.Exec()
		must(err)
	}
	var count int
	must(results.QueryRow().Scan(&count))
	must(results.Close())
	show(count)
	batch = &pgx.Batch{}
	batch.Queue("INSERT INTO m VALUES ($1, 'x')", 500)
	batch.Queue("INSERT INTO m VALUES ($1, 'x')", 1)
	batch.Queue("INSERT INTO m VALUES ($1, 'x')", 501)
	results = conn.SendBatch(ctx, batch)
	_, err := results.Exec()
	show(err)
	_, err = results.Exec()
	showError(err)
	_, err = results.Exec()
	showError(err)
	showError(results.Close())
	show(rows(conn, "SELECT count(*), sum(a) FROM m"))
}

func copying() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "CREATE TABLE c (a int, b text, c timestamptz)")
	values := [][]interface{}{}
	for i := 0; i < 2000; i++ {
		values = append(values, []interface{}{int32(i), fmt.Sprint("row ", i), time.Unix(0, 0)})
	}
	count, err := conn.CopyFrom(ctx, pgx.Identifier{"c"}, []string{"a", "b", "c"}, pgx.CopyFromRows(values))
	show(count, err)
	var out bytes.Buffer
	tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY (SELECT a, b FROM c WHERE a < 3 ORDER BY a) TO STDOUT (FORMAT csv)")
	show(tag, err, out.String())
	_, err = conn.PgConn().CopyFrom(ctx, strings.NewReader(strings.Repeat("1\tx\t2020-01-01\n", 50000)+"x\n"), "COPY c FROM STDIN")
	showError(err)
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"c"}, []string{"a"}, pgx.CopyFromSlice(3, func(i int) ([]interface{}, error) {
		return nil, errors.New("my own reason")
	}))
	showError(err)
	show(rows(conn, "SELECT count(*), sum(a) FROM c"))
}

func cursors() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g")
	answer, err := conn.Query(ctx, "SELECT a FROM r WHERE a > $1 ORDER BY a", 10)
	must(err)
	show(answer.Next())
	answer.Close() // reads the rest
	must(conn.BeginFunc(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "DECLARE c CURSOR WITH HOLD FOR SELECT a FROM r ORDER BY a")
		return err
	}))
	show(rows(conn, "FETCH 2 FROM c"), rows(conn, "FETCH 1 FROM c"))
	exec(conn, "CLOSE c")
}

func notifications() {
	listener, speaker := connect(), connect()
	defer listener.Close(ctx)
	defer speaker.Close(ctx)
	exec(listener, "LISTEN news_"+lane)
	exec(speaker, "NOTIFY news_"+lane+", 'first'")
	exec(speaker, "SELECT pg_notify($1, $2)", "news_"+lane, "second")
	for i := 0; i < 2; i++ {
		heard, err := listener.WaitForNotification(ctx)
		must(err)
		show(heard.Channel, heard.Payload)
	}
	exec(listener, "UNLISTEN *")
}

func canceling() {
	conn := connect()
	defer conn.Close(ctx)
	timer := time.AfterFunc(200*time.Millisecond, func() { must(conn.PgConn().CancelRequest(ctx)) })
	_, err := conn.Exec(ctx, "SELECT pg_sleep(30)")
	showError(err)
	timer.Stop()
	show(rows(conn, "SELECT 1"))
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_, err = conn.Exec(short, "SELECT pg_sleep(30)") // pgx closes the connection then
	show(err != nil)
}

func sizes() {
	conn := connect()
	defer conn.Close(ctx)
	found := rows(conn, "SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g")
	show(len(found))
	show(rows(conn, "SELECT length($1::text)", strings.Repeat("ü", 3000000)))
	var back []byte
	must(conn.QueryRow(ctx, "SELECT $1::bytea", make([]byte, 5000000)).Scan(&back))
	show(len(back))
}

func settings() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "SET timezone TO 'Asia/Kolkata'")
	show(conn.PgConn().ParameterStatus("TimeZone"), rows(conn, "SELECT '2020-01-01 00:00+00'::timestamptz::text"))
	exec(conn, "SET search_path TO pg_catalog")
	show(rows(conn, "SELECT current_schemas(false)::text"))
	exec(conn, "RESET search_path")
	show(rows(conn, "SELECT current_schemas(false)::text"))
	exec(conn, "CREATE TEMP TABLE mine AS SELECT 7 AS a")
	show(rows(conn, "SELECT * FROM mine"))
	exec(conn, "DISCARD TEMP")
	_, err := conn.Exec(ctx, "SELECT * FROM mine")
	showError(err)
	show(rows(conn, "SELECT pg_try_advisory_lock(hashtext($1))", lane), rows(conn, "SELECT pg_advisory_unlock(hashtext($1))", lane))
}

func sequences() {
	conn := connect()
	defer conn.Close(ctx)
	exec(conn, "CREATE TABLE s (id serial PRIMARY KEY, x text)")
	show(rows(conn, "INSERT INTO s (x) VALUES ($1) RETURNING id", "a"))
	must(conn.BeginFunc(ctx, func(tx pgx.Tx) error {
		exec(conn, "INSERT INTO s (x) VALUES ($1)", "b")
		show(rows(conn, "SELECT lastval(), currval('s_id_seq')"))
		return nil
	}))
}

func large_objects() {
	conn := connect()
	defer conn.Close(ctx)
	must(conn.BeginFunc(ctx, func(tx pgx.Tx) error {
		objects := tx.LargeObjects()
		oid, err := objects.Create(ctx, 0)
		must(err)
		object, err := objects.Open(ctx, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
		must(err)
		_, err = object.Write([]byte("0123456789"))
		must(err)
		_, err = object.Seek(3, 0)
		must(err)
		part := make([]byte, 4)
		_, err = object.Read(part)
		show(string(part), err)
		must(object.Close())
		return objects.Unlink(ctx, oid)
	}))
}

func pooling() {
	settings, err := pgxpool.ParseConfig("pool_max_conns=4")
	must(err)
	settings.ConnConfig.RuntimeParams["search_path"] = lane
	// What one connection of a pool has written, another one reads.
	settings.ConnConfig.RuntimeParams["pgbraid.consistency"] = "strong"
	pool, err := pgxpool.ConnectConfig(ctx, settings)
	must(err)
	defer pool.Close()
	_, err = pool.Exec(ctx, "CREATE TABLE w (a int)")
	must(err)
	var wait sync.WaitGroup
	for i := 0; i < 60; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			must(pool.BeginFunc(ctx, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "INSERT INTO w VALUES ($1)", i)
				return err
			}))
			var back int
			must(pool.QueryRow(ctx, "SELECT a FROM w WHERE a = $1", i).Scan(&back))
		}(i)
	}
	wait.Wait()
	var count, sum int
	must(pool.QueryRow(ctx, "SELECT count(*), sum(a) FROM w").Scan(&count, &sum))
	show(count, sum)
}

func database_sql() {
	db, err := sql.Open("pgx", "options='-c search_path="+lane+"'")
	must(err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE d (a int PRIMARY KEY, b text)")
	must(err)
	statement, err := db.Prepare("INSERT INTO d VALUES ($1, $2)")
	must(err)
	for i := 0; i < 10; i++ {
		result, err := statement.Exec(i, "x")
		must(err)
		count, _ := result.RowsAffected()
		show(count)
	}
	must(statement.Close())
	tx, err := db.Begin()
	must(err)
	_, err = tx.Exec("UPDATE d SET b = $1", "y")
	must(err)
	must(tx.Rollback())
	var text string
	must(db.QueryRow("SELECT string_agg(b, '') FROM d WHERE a < $1", 5).Scan(&text))
	show(text)
}

// --- Over two shards ----------------------------------------------------------------

func by_key() {
	conn := connect()
	defer conn.Close(ctx)
	for i := 0; i < 20; i++ {
		exec(conn, "INSERT INTO items VALUES ($1, $2)", i, fmt.Sprint("item ", i))
	}
	for i := 0; i < 20; i++ {
		show(rows(conn, "SELECT * FROM items WHERE id = $1", i))
	}
	tag, err := conn.Exec(ctx, "UPDATE items SET name = 'new' WHERE id = $1", 3)
	show(tag, err)
	_, err = conn.Exec(ctx, "INSERT INTO items VALUES (3, 'again')")
	showError(err)
	show(rows(conn, "DELETE FROM items WHERE id = 3 RETURNING *"))
}

func scattered() {
	conn := connect()
	defer conn.Close(ctx)
	for i := 0; i < 8; i++ {
		answer, err := conn.Query(ctx, "SELECT id FROM items WHERE name <> $1", fmt.Sprint("item ", i))
		must(err)
		count, sum := 0, int32(0)
		for answer.Next() {
			var id int32
			must(answer.Scan(&id))
			count, sum = count+1, sum+id
		}
		must(answer.Err())
		show(count, sum)
	}
	show(len(rows(conn, "SELECT * FROM items WHERE id = ANY($1)", []int32{1, 2, 5})))
}

func on_one_shard() {
	conn := connect()
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	must(err)
	exec(conn, "UPDATE items SET name = 'mine' WHERE id = $1", 5)
	show(rows(conn, "SELECT name FROM items WHERE id = $1", 5))
	must(tx.Rollback(ctx))
	show(rows(conn, "SELECT name FROM items WHERE id = $1", 5))
}

type step struct {
	name string
	run  func()
}

// perform runs one step; what it did not expect ends only itself.
func perform(s step) (ok bool) {
	defer func() {
		if problem := recover(); problem != nil {
			show("!!", problem)
		}
	}()
	show("==", s.name)
	s.run()
	return true
}

func main() {
	steps := []step{{"connecting", connecting}, {"queries", queries}, {"prepared", prepared}, {"types", kinds},
		{"transactions", transactions}, {"errors", mistakes}, {"batches", batches}, {"copying", copying},
		{"cursors", cursors}, {"notifications", notifications}, {"canceling", canceling}, {"sizes", sizes},
		{"settings", settings}, {"sequences", sequences}, {"large_objects", large_objects}, {"pooling", pooling},
		{"database_sql", database_sql}}
	if len(os.Args) > 1 && os.Args[1] == "sharded" {
		steps = []step{{"by_key", by_key}, {"scattered", scattered}, {"on_one_shard", on_one_shard}}
	}
	status := 0
	for _, s := range steps {
		if !perform(s) {
			status = 1
		}
	}
	os.Exit(status)
}
