# DBD::Pg, as its users use it: prepared on the server from the second execution on.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types :async);
use Time::HiRes qw(sleep);

binmode(STDOUT, ':utf8');
$| = 1;
my $lane = $ENV{LANE};

sub text { my ($v) = @_; return !defined $v ? 'undef' : ref $v eq 'ARRAY' ? '[' . join(', ', map { text($_) } @$v) . ']' : $v }
sub show { print join(' ', map { text($_) } @_), "\n" }

sub connect_to {
  my (%attributes) = @_;
  my $db = DBI->connect("dbi:Pg:application_name=dbd;options='-c search_path=$lane'", '', '',
    { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, %attributes });
  return $db;
}

# What went wrong, in the words of the server.
sub error_of {
  my ($db, $action) = @_;
  eval { $action->(); 1 } and return show('no error');
  show($db->state, split /\n/, $db->errstr);
}

sub connecting {
  my $db = connect_to();
  $db->do("DROP SCHEMA IF EXISTS $lane CASCADE");
  $db->do("CREATE SCHEMA $lane");
  show($db->{pg_server_version}, $db->{pg_user}, $db->{pg_db}, $db->{pg_enable_utf8}, $db->{pg_protocol}, $db->ping);
  show($db->selectrow_array('SHOW application_name'), $db->selectrow_array('SHOW search_path'));
  for my $wrong ('password=wrong', 'dbname=nowhere', q{options='-c nonsense=1'}) {
    eval { DBI->connect("dbi:Pg:$wrong", '', '', { RaiseError => 1, PrintError => 0 }) };
    show((split /\n/, DBI->errstr =~ s/.*failed: //r)[0]);
  }
  $db->disconnect;
}

sub queries {
  my $db = connect_to();
  show($db->selectrow_array("SELECT 1, 'x', NULL"));
  show($db->selectrow_array('SELECT ?::int + ?, ?', undef, 1, 2, "it's"));
  show($db->selectrow_array('SELECT $2::text || $1::text', undef, 'a', 'b'));
  show($db->do('CREATE TABLE q (a int); INSERT INTO q VALUES (1), (2)'));
  show($db->do('UPDATE q SET a = a + ?', undef, 1), $db->do('DELETE FROM q WHERE a = 99'));
  my $sth = $db->prepare('SELECT a, a::text AS b, 1.5::numeric(5,2) AS n FROM q ORDER BY a');
  $sth->execute;
  show($sth->rows, $sth->{NAME}, $sth->{TYPE}, $sth->{PRECISION}, $sth->{SCALE}, $sth->{pg_type});
  show($sth->fetchall_arrayref);
  $db->disconnect;
}

sub prepared {
  my $db = connect_to();
  $db->do('CREATE TABLE p (a int PRIMARY KEY, b text)');
  my $put = $db->prepare('INSERT INTO p VALUES (?, ?)');
  $put->execute($_, "row $_") for 0 .. 11;
  my $get = $db->prepare('SELECT b FROM p WHERE a = ?');
  for (0 .. 11) { $get->execute($_); show($get->fetchrow_array) }
  my $now = $db->prepare('SELECT a FROM p WHERE b = ?', { pg_prepare_now => 1 });
  $now->execute('row 3');
  show($now->fetchall_arrayref, $now->{pg_prepare_name} =~ /dbdpg/ ? 'named' : 'unnamed');
  my $never = $db->prepare('SELECT a FROM p WHERE b = ?', { pg_server_prepare => 0 });
  $never->execute('row 4');
  show($never->fetchall_arrayref);
  undef $_ for $put, $get, $now, $never;    # DEALLOCATE
  my $bad = $db->prepare('SELECT nonsense');
  error_of($db, sub { $bad->execute });
  $db->disconnect;
}

sub types {
  my $db = connect_to();
  $db->do("CREATE TYPE mood AS ENUM ('sad', 'happy')");
  my %values = (int2 => 32767, int8 => '4611686018427387904', numeric => '12345.678900', float8 => '1.5e-300',
    text => 'naïve, ☃ and 𝄞', bool => 1, date => '1999-12-31', timestamptz => '2020-02-29 12:00:00+00',
    interval => '3 days', uuid => '00000000-0000-0000-0000-000000000007', jsonb => '{"a": [1, null, "ü"]}',
    'int4[]' => [1, undef, 3], 'text[]' => ['a', 'q"uote', '', undef], int4range => '[1,5)', mood => 'happy');
  for my $name (sort keys %values) {
    my $sth = $db->prepare("SELECT ?::$name");
    for (1 .. 3) { $sth->execute($values{$name}); show($name, $sth->fetchrow_array) }
  }
  my $sth = $db->prepare('SELECT ?::bytea, length(?)');
  my $bytes = join '', map { chr } 0 .. 255;
  $sth->bind_param(1, $bytes, { pg_type => PG_BYTEA });
  $sth->bind_param(2, $bytes, { pg_type => PG_BYTEA });
  $sth->execute;
  my ($back, $length) = $sth->fetchrow_array;
  show($back eq $bytes ? 'same' : 'other', $length);
  show($db->selectrow_array('SELECT ?::text, ?::int', undef, undef, undef));
  $db->disconnect;
}

sub transactions {
  my $db = connect_to();
  $db->do('CREATE TABLE t (a int PRIMARY KEY)');
  $db->{AutoCommit} = 0;
  $db->do('INSERT INTO t VALUES (1)');
  show($db->ping);
  $db->rollback;
  $db->do('INSERT INTO t VALUES (2)');
  $db->pg_savepoint('here');
  error_of($db, sub { $db->do('INSERT INTO t VALUES (2)') });
  show($db->ping);
  error_of($db, sub { $db->do('SELECT 1') });
  $db->pg_rollback_to('here');
  $db->do('INSERT INTO t VALUES (3)');
  $db->pg_release('here');
  $db->commit;
  show($db->selectcol_arrayref('SELECT a FROM t ORDER BY a'));
  $db->commit;
  $db->{ReadOnly} = 1;
  error_of($db, sub { $db->do('INSERT INTO t VALUES (9)') });
  $db->rollback;
  $db->{ReadOnly} = 0;
  $db->{AutoCommit} = 1;
  $db->begin_work;
  $db->do('INSERT INTO t VALUES (?)', undef, 10);
  $db->rollback;
  show($db->selectrow_array('SELECT count(*) FROM t'));
  $db->disconnect;
}

sub errors {
  my $db = connect_to();
  $db->do('CREATE TABLE e (a int NOT NULL CHECK (a > 0))');
  for my $text ('SELECT nothing', 'SELECT * FROM nowhere', 'SELEC 1', 'SELECT 1/0', 'INSERT INTO e VALUES (NULL)',
    'INSERT INTO e VALUES (-1)', "SELECT 'x'::int") {
    error_of($db, sub { $db->do($text) });
    show($db->selectrow_array('SELECT 1'));
  }
  eval { $db->do('INSERT INTO e VALUES (?)', undef, -1) };
  my $fields = $db->pg_error_field('constraint');
  show($fields, $db->pg_error_field('table'), $db->pg_error_field('severity'));
  my @said;
  local $SIG{__WARN__} = sub { push @said, @_ };
  $db->{PrintWarn} = 1;
  $db->do(q{DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'beware'; END $$});
  show(map { (split /\n/)[0] } @said);
  $db->disconnect;
}

sub many {
  my $db = connect_to();
  $db->do('CREATE TABLE m (a int PRIMARY KEY, b text)');
  my $put = $db->prepare('INSERT INTO m VALUES (?, ?)');
  show(scalar $put->execute_array({}, [0 .. 99], [map { "x$_" } 0 .. 99]));
  my @status;
  eval { $put->execute_array({ ArrayTupleStatus => \@status }, [200, 1, 201], ['a', 'b', 'c']) };
  show(map { ref $_ ? "$_->[2]" : $_ } @status);
  show($db->selectrow_array('SELECT count(*), sum(a) FROM m'));
  $db->disconnect;
}

sub copying {
  my $db = connect_to();
  $db->do('CREATE TABLE c (a int, b text)');
  $db->do('COPY c FROM STDIN');
  $db->pg_putcopydata("$_\trow $_\n") for 0 .. 4999;
  show($db->pg_putcopyend);
  $db->do('COPY (SELECT * FROM c WHERE a < 3 ORDER BY a) TO STDOUT (FORMAT csv)');
  my $line = '';
  print $line while $db->pg_getcopydata($line) >= 0;
  $db->do('COPY c FROM STDIN');
  $db->pg_putcopydata("not a number\tx\n");
  error_of($db, sub { $db->pg_putcopyend });
  show($db->selectrow_array('SELECT count(*) FROM c'));
  $db->disconnect;
}

sub cursors {
  my $db = connect_to();
  $db->do('CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g');
  $db->begin_work;
  $db->do('DECLARE named CURSOR FOR SELECT a FROM r ORDER BY a');
  show($db->selectcol_arrayref('FETCH 3 FROM named'));
  $db->do('MOVE 10 IN named');
  show($db->selectcol_arrayref('FETCH 1 FROM named'));
  $db->do('DECLARE held CURSOR WITH HOLD FOR SELECT a FROM r ORDER BY a');
  $db->commit;
  show($db->selectcol_arrayref('FETCH 2 FROM held'));
  show($db->selectcol_arrayref('FETCH 2 FROM held'));
  $db->do('CLOSE held');
  $db->disconnect;
}

sub notifications {
  my ($listener, $speaker) = (connect_to(), connect_to());
  $listener->do("LISTEN news_$lane");
  $speaker->do("NOTIFY news_$lane, 'first'");
  $speaker->do('SELECT pg_notify(?, ?)', undef, "news_$lane", 'second');
  my $heard = 0;
  while ($heard < 2) {
    if (my $one = $listener->pg_notifies) { show($one->[0], $one->[2]); $heard++ }
    else { sleep 0.01 }
  }
  $_->disconnect for $listener, $speaker;
}

sub canceling {
  my $db = connect_to();
  $db->do('SELECT pg_sleep(30)', { pg_async => PG_ASYNC });
  sleep 0.2;
  show($db->pg_ready, $db->pg_cancel);
  show($db->selectrow_array('SELECT 1'));
  my $sth = $db->prepare('SELECT ?::int + 1', { pg_async => PG_ASYNC });
  $sth->execute(41);
  $db->pg_result;
  show($sth->fetchrow_array);
  $db->do("SET statement_timeout = '50ms'");
  error_of($db, sub { $db->do('SELECT pg_sleep(30)') });
  $db->disconnect;
}

sub sizes {
  my $db = connect_to();
  my $sum = 0;
  my $sth = $db->prepare("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g");
  $sth->execute;
  while (my $row = $sth->fetchrow_arrayref) { $sum += $row->[0] }
  show($sum);
  show($db->selectrow_array('SELECT length(?)', undef, 'ü' x 3_000_000));
  $db->disconnect;
}

sub settings {
  my $db = connect_to();
  $db->do("SET TIME ZONE 'Asia/Kolkata'");
  show($db->selectrow_array("SELECT '2020-01-01 00:00+00'::timestamptz"));
  $db->do("SET client_encoding TO 'LATIN1'");
  show($db->selectrow_array("SELECT 'x' || current_setting('client_encoding')"));
  $db->do("SET client_encoding TO 'UTF8'");
  $db->do('SET search_path TO pg_catalog');
  show($db->selectrow_array('SELECT current_schemas(false)'));
  $db->do('RESET search_path');
  show($db->selectrow_array('SELECT current_schemas(false)'));
  $db->do('CREATE TEMP TABLE mine AS SELECT 7 AS a');
  show($db->selectrow_array('SELECT * FROM mine'));
  $db->do('DROP TABLE mine');
  $db->disconnect;
}

sub sequences {
  my $db = connect_to();
  $db->do('CREATE TABLE s (id serial PRIMARY KEY, x text)');
  show($db->selectrow_array("INSERT INTO s (x) VALUES ('a') RETURNING id"));
  $db->begin_work;
  $db->do("INSERT INTO s (x) VALUES ('b')");
  show($db->last_insert_id(undef, $lane, 's', undef));
  $db->commit;
  $db->disconnect;
}

sub last_ids {
  my $db = connect_to();
  $db->do("INSERT INTO s (x) VALUES ('c')");
  show($db->last_insert_id(undef, undef, 's', undef));
  show($db->last_insert_id(undef, undef, undef, undef, { sequence => 's_id_seq' }));
  $db->disconnect;
}

sub metadata {
  my $db = connect_to();
  $db->do("CREATE TABLE parent (id serial PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x')");
  $db->do('CREATE TABLE child (id int, parent int REFERENCES parent)');
  show(map { $_->[2] } @{ $db->table_info(undef, $lane, 'parent', 'TABLE')->fetchall_arrayref });
  my $columns = $db->column_info(undef, $lane, 'parent', '%');
  while (my $row = $columns->fetchrow_hashref) {
    show(@$row{qw(COLUMN_NAME TYPE_NAME COLUMN_SIZE NULLABLE COLUMN_DEF pg_type)});
  }
  show($db->primary_key(undef, $lane, 'parent'));
  my $keys = $db->foreign_key_info(undef, undef, undef, undef, $lane, 'child');
  while (my $row = $keys->fetchrow_hashref) { show(@$row{qw(UK_TABLE_NAME FK_COLUMN_NAME DELETE_RULE)}) }
  $db->disconnect;
}

sub large_objects {
  my $db = connect_to();
  $db->begin_work;
  my $oid = $db->pg_lo_creat($db->{pg_INV_WRITE} | $db->{pg_INV_READ});
  my $fd = $db->pg_lo_open($oid, $db->{pg_INV_WRITE} | $db->{pg_INV_READ});
  show($db->pg_lo_write($fd, '0123456789', 10));
  $db->pg_lo_lseek($fd, 3, 0);
  my $part = '';
  $db->pg_lo_read($fd, $part, 4);
  show($part, $db->pg_lo_tell($fd));
  $db->pg_lo_close($fd);
  $db->pg_lo_unlink($oid);
  $db->commit;
  $db->disconnect;
}

# --- Over two shards ----------------------------------------------------------------

sub by_key {
  my $db = connect_to();
  my $put = $db->prepare('INSERT INTO items VALUES (?, ?)');
  $put->execute($_, "item $_") for 0 .. 19;
  my $get = $db->prepare('SELECT * FROM items WHERE id = ?');
  for (0 .. 19) { $get->execute($_); show($get->fetchrow_array) }
  error_of($db, sub { $put->execute(3, 'again') });
  show($db->do('UPDATE items SET name = ? WHERE id = ?', undef, 'new', 3));
  show($db->selectrow_array('DELETE FROM items WHERE id = 3 RETURNING *'));
  $db->disconnect;
}

sub scattered {
  my $db = connect_to();
  my $but = $db->prepare('SELECT id FROM items WHERE name <> ?');
  for (0 .. 7) {
    $but->execute("item $_");
    show(sort { $a <=> $b } map { $_->[0] } @{ $but->fetchall_arrayref });
  }
  $db->disconnect;
}

sub on_one_shard {
  my $db = connect_to();
  $db->begin_work;
  $db->do('UPDATE items SET name = ? WHERE id = ?', undef, 'mine', 5);
  show($db->selectrow_array('SELECT name FROM items WHERE id = ?', undef, 5));
  $db->rollback;
  show($db->selectrow_array('SELECT name FROM items WHERE id = ?', undef, 5));
  $db->disconnect;
}

my @steps = $ARGV[0] eq 'sharded' ? qw(by_key scattered on_one_shard)
  : qw(connecting queries prepared types transactions errors many copying cursors notifications canceling sizes
       settings sequences last_ids metadata large_objects);
my $status = 0;
for my $step (@steps) {
  print "== $step\n";
  no strict 'refs';
  eval { &$step(); 1 } or do { $status = 1; print "!! $_\n" for split /\n/, $@ };
}
exit $status;
