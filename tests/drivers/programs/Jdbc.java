import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Properties;
import java.util.Timer;
import java.util.TimerTask;
import java.util.UUID;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PGobject;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import org.postgresql.xa.PGXADataSource;

/** The JDBC driver, as its users use it: prepareThreshold=5, batches, fetch sizes, metadata, XA. */
public class Jdbc {
  static final String LANE = System.getenv("LANE");
  static final String URL = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/";

  interface Step {
    void run() throws Exception;
  }

  interface Action {
    void run() throws SQLException;
  }

  static void show(Object... values) {
    StringBuilder line = new StringBuilder();
    for (Object value : values) {
      line.append(line.length() == 0 ? "" : " ").append(value);
    }
    System.out.println(line);
  }

  static Connection connect(String... options) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", System.getenv("PGUSER"));
    properties.setProperty("password", System.getenv("PGPASSWORD"));
    properties.setProperty("currentSchema", LANE);
    String database = System.getenv("PGDATABASE");
    for (int i = 0; i < options.length; i += 2) {
      if (options[i].equals("database")) {
        database = options[i + 1];
      } else {
        properties.setProperty(options[i], options[i + 1]);
      }
    }
    return DriverManager.getConnection(URL + database, properties);
  }

  static void execute(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  /** All rows, one line each. */
  static void showAll(ResultSet rows) throws SQLException {
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      Object[] row = new Object[columns];
      for (int i = 0; i < columns; i++) {
        row[i] = rows.getString(i + 1);
      }
      show((Object) Arrays.toString(row));
    }
    rows.close();
  }

  static void ask(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      showAll(statement.executeQuery(text));
    }
  }

  /** What went wrong, in the words of the server. */
  static void errorOf(Action action) {
    try {
      action.run();
      show("no error");
    } catch (SQLException error) {
      ServerErrorMessage server =
          error instanceof PSQLException ? ((PSQLException) error).getServerErrorMessage() : null;
      show(error.getSQLState(), server == null ? error.getMessage() : server.getMessage() + "|" + server.getDetail()
          + "|" + server.getHint() + "|" + server.getPosition() + "|" + server.getTable() + "|" + server.getColumn()
          + "|" + server.getConstraint());
    }
  }

  static void connecting() throws SQLException {
    try (Connection connection = connect("ApplicationName", "jdbc")) {
      execute(connection, "DROP SCHEMA IF EXISTS " + LANE + " CASCADE");
      execute(connection, "CREATE SCHEMA " + LANE);
      DatabaseMetaData data = connection.getMetaData();
      show(data.getDatabaseProductVersion(), data.getUserName(), connection.getCatalog(), connection.getSchema());
      show(connection.getClientInfo("ApplicationName"), connection.isValid(5), connection.getTransactionIsolation());
      ask(connection, "SELECT current_setting('application_name'), current_setting('search_path'),"
          + " current_setting('TimeZone'), current_setting('DateStyle'), current_setting('extra_float_digits')");
      connection.setClientInfo("ApplicationName", "changed");
      ask(connection, "SHOW application_name");
    }
    errorOf(() -> connect("password", "wrong"));
    try {
      connect("database", "nowhere");
    } catch (SQLException error) {
      show(error.getSQLState(), error.getMessage().split("\n")[0]);
    }
    errorOf(() -> connect("options", "-c nonsense=1"));
    connect("readOnly", "true", "targetServerType", "primary").close();
  }

  static void queries() throws SQLException {
    try (Connection connection = connect(); Statement statement = connection.createStatement()) {
      ask(connection, "SELECT 1, 'x', NULL");
      boolean more = statement.execute("CREATE TABLE q (a int); INSERT INTO q VALUES (1), (2); SELECT * FROM q");
      while (more || statement.getUpdateCount() != -1) {
        show(more, statement.getUpdateCount());
        if (more) {
          showAll(statement.getResultSet());
        }
        more = statement.getMoreResults();
      }
      show(statement.executeUpdate("UPDATE q SET a = a + 1"));
      try (ResultSet rows = statement.executeQuery("SELECT a, a::text AS b, 1.5::numeric(5,2) AS n FROM q")) {
        ResultSetMetaData data = rows.getMetaData();
        for (int i = 1; i <= data.getColumnCount(); i++) {
          show(data.getColumnName(i), data.getColumnTypeName(i), data.getPrecision(i), data.getScale(i),
              data.isNullable(i), data.getTableName(i), data.isAutoIncrement(i));
        }
      }
    }
    try (Connection connection = connect("preferQueryMode", "simple")) {
      try (PreparedStatement statement = connection.prepareStatement("SELECT ?::int + ?, ?")) {
        statement.setInt(1, 1);
        statement.setInt(2, 2);
        statement.setString(3, "it's");
        showAll(statement.executeQuery());
      }
    }
  }

  static void prepared() throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, "CREATE TABLE p (a int PRIMARY KEY, b text)");
      try (PreparedStatement put = connection.prepareStatement("INSERT INTO p VALUES (?, ?)")) {
        for (int i = 0; i < 12; i++) { // from the 5th on it is prepared on the server
          put.setInt(1, i);
          put.setString(2, "row " + i);
          show(put.executeUpdate());
        }
      }
      try (PreparedStatement get = connection.prepareStatement("SELECT a, b FROM p WHERE a = ?")) {
        for (int i = 0; i < 12; i++) {
          get.setInt(1, i);
          showAll(get.executeQuery());
        }
        show(get.unwrap(org.postgresql.PGStatement.class).isUseServerPrepare());
        show(get.getMetaData().getColumnTypeName(1), get.getParameterMetaData().getParameterTypeName(1));
        get.setNull(1, Types.INTEGER);
        showAll(get.executeQuery());
        get.setLong(1, 5); // another type: parsed anew
        showAll(get.executeQuery());
      }
      for (int i = 0; i < 300; i++) { // more than the statement cache holds
        try (PreparedStatement one = connection.prepareStatement("SELECT " + i + " + ?")) {
          for (int j = 0; j < (i % 60 == 0 ? 8 : 1); j++) {
            one.setInt(1, i);
            one.executeQuery().close();
          }
        }
      }
      errorOf(() -> connection.prepareStatement("SELECT nonsense").executeQuery());
      execute(connection, "DEALLOCATE ALL");
      try (PreparedStatement get = connection.prepareStatement("SELECT a, b FROM p WHERE a = ?")) {
        for (int i = 0; i < 8; i++) {
          get.setInt(1, i);
          showAll(get.executeQuery());
        }
      }
    }
  }

  static void types() throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE pair AS (a int, b text)");
      byte[] bytes = new byte[256];
      for (int i = 0; i < 256; i++) {
        bytes[i] = (byte) i;
      }
      PGobject json = new PGobject();
      json.setType("jsonb");
      json.setValue("{\"a\": [1, null, \"ü\"]}");
      PGobject mood = new PGobject();
      mood.setType("mood");
      mood.setValue("happy");
      PGobject range = new PGobject();
      range.setType("int4range");
      range.setValue("[1,5)");
      PGobject pair = new PGobject();
      pair.setType("pair");
      pair.setValue("(1,\"x, y\")");
      Object[][] values = {
          {"int2", (short) 32767}, {"int4", -2147483648}, {"int8", 1L << 62}, {"numeric", new BigDecimal("12345.678900")},
          {"float4", 1.5f}, {"float8", 1.5e-300}, {"text", "naïve, ☃ and 𝄞"}, {"bytea", bytes}, {"bool", true},
          {"date", LocalDate.of(1999, 12, 31)}, {"timestamp", LocalDateTime.of(2001, 2, 3, 4, 5, 6)},
          {"timestamptz", OffsetDateTime.of(2020, 2, 29, 12, 0, 0, 0, ZoneOffset.UTC)}, {"uuid", new UUID(0, 7)},
          {"jsonb", json}, {"mood", mood}, {"int4range", range}, {"pair", pair},
          {"int4[]", connection.createArrayOf("int4", new Object[] {1, null, 3})},
          {"text[]", connection.createArrayOf("text", new Object[] {"a", "q\"uote", "", null})},
          {"mood[]", connection.createArrayOf("mood", new Object[] {"sad", "happy"})}};
      for (Object[] value : values) {
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?::" + value[0] + " AS v")) {
          for (int i = 0; i < 7; i++) { // text first, then binary
            statement.setObject(1, value[1]);
            try (ResultSet rows = statement.executeQuery()) {
              rows.next();
              Object got = rows.getObject(1);
              if (i == 0 || i == 6) {
                show(value[0], got instanceof byte[] ? Arrays.toString((byte[]) got)
                    : got instanceof Array ? Arrays.toString((Object[]) ((Array) got).getArray())
                    : value[0].equals("timestamptz") ? rows.getObject(1, OffsetDateTime.class) : got,
                    rows.getString(1));
              }
            }
          }
        }
      }
      try (PreparedStatement statement = connection.prepareStatement("SELECT ?::text, ?::int")) {
        statement.setString(1, null);
        statement.setNull(2, Types.INTEGER);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          show(rows.getString(1), rows.getInt(2), rows.wasNull());
        }
      }
    }
  }

  static void transactions() throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, "CREATE TABLE t (a int PRIMARY KEY)");
      connection.setAutoCommit(false);
      execute(connection, "INSERT INTO t VALUES (1)");
      connection.rollback();
      execute(connection, "INSERT INTO t VALUES (2)");
      Savepoint savepoint = connection.setSavepoint("here");
      errorOf(() -> execute(connection, "INSERT INTO t VALUES (2)"));
      errorOf(() -> execute(connection, "SELECT 1"));
      connection.rollback(savepoint);
      Savepoint unnamed = connection.setSavepoint();
      execute(connection, "INSERT INTO t VALUES (3)");
      connection.releaseSavepoint(unnamed);
      connection.commit();
      ask(connection, "SELECT a FROM t ORDER BY a");
      connection.commit();
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      ask(connection, "SHOW transaction_isolation");
      connection.rollback();
      connection.setReadOnly(true);
      errorOf(() -> execute(connection, "INSERT INTO t VALUES (9)"));
      connection.rollback();
      connection.setAutoCommit(true);
      errorOf(() -> execute(connection, "INSERT INTO t VALUES (8)")); // of transactions only
      connection.setReadOnly(false);
      execute(connection, "INSERT INTO t VALUES (9)");
      ask(connection, "SELECT count(*) FROM t");
      connection.setAutoCommit(false);
      errorOf(() -> execute(connection, "SELECT 1/0"));
      errorOf(connection::commit);
    }
  }

  /** Savepoints of the driver's own, sent as simple queries in the middle of an extended series. */
  static void autosave() throws SQLException {
    try (Connection connection = connect("autosave", "always")) {
      execute(connection, "CREATE TABLE a (a int PRIMARY KEY)");
      connection.setAutoCommit(false);
      execute(connection, "INSERT INTO a VALUES (20)");
      errorOf(() -> execute(connection, "INSERT INTO a VALUES (20)"));
      execute(connection, "INSERT INTO a VALUES (21)");
      connection.commit();
      ask(connection, "SELECT count(*) FROM a");
    }
  }

  static void errors() throws SQLException {
    try (Connection connection = connect(); Statement statement = connection.createStatement()) {
      execute(connection, "CREATE TABLE e (a int NOT NULL CHECK (a > 0))");
      for (String text : new String[] {"SELECT nothing", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
          "INSERT INTO e VALUES (NULL)", "INSERT INTO e VALUES (-1)", "SELECT 'x'::int"}) {
        errorOf(() -> execute(connection, text));
        ask(connection, "SELECT 1");
      }
      statement.execute("DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'beware'; END $$");
      for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
        show(warning.getSQLState(), warning.getMessage());
      }
    }
  }

  static void batches() throws SQLException {
    for (String rewrite : new String[] {"false", "true"}) {
      try (Connection connection = connect("reWriteBatchedInserts", rewrite)) {
        execute(connection, "DROP TABLE IF EXISTS m; CREATE TABLE m (a int PRIMARY KEY, b text)");
        try (PreparedStatement put = connection.prepareStatement("INSERT INTO m VALUES (?, ?)")) {
          for (int i = 0; i < 500; i++) {
            put.setInt(1, i);
            put.setString(2, "x" + i);
            put.addBatch();
          }
          show(Arrays.stream(put.executeBatch()).distinct().count());
          for (int a : new int[] {1000, 1, 1001}) {
            put.setInt(1, a);
            put.setString(2, "y");
            put.addBatch();
          }
          try {
            put.executeBatch();
          } catch (BatchUpdateException error) {
            show(error.getSQLState(), Arrays.toString(error.getUpdateCounts()));
          }
        }
        ask(connection, "SELECT count(*), sum(a) FROM m");
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.addBatch("UPDATE m SET b = 'z' WHERE a < 10");
          statement.addBatch("DELETE FROM m WHERE a = 3");
          show(Arrays.toString(statement.executeBatch()));
          statement.addBatch("DELETE FROM m WHERE a = 4");
          statement.addBatch("SELECT 1/0");
          errorOf(statement::executeBatch);
        }
        connection.rollback();
        ask(connection, "SELECT count(*) FROM m");
      }
    }
  }

  static void copying() throws Exception {
    try (Connection connection = connect()) {
      execute(connection, "CREATE TABLE c (a int, b text)");
      CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 5000; i++) {
        text.append(i).append("\trow ").append(i).append('\n');
      }
      show(copy.copyIn("COPY c FROM STDIN", new StringReader(text.toString())));
      StringWriter out = new StringWriter();
      show(copy.copyOut("COPY (SELECT * FROM c WHERE a < 3 ORDER BY a) TO STDOUT (FORMAT csv)", out), out);
      errorOf(() -> {
        try {
          copy.copyIn("COPY c FROM STDIN", new StringReader(text + "not a number\tx\n"));
        } catch (java.io.IOException error) {
          throw new SQLException(error);
        }
      });
      var cut = copy.copyIn("COPY c FROM STDIN");
      byte[] line = "1\tx\n".getBytes(StandardCharsets.UTF_8);
      cut.writeToCopy(line, 0, line.length);
      cut.cancelCopy();
      ask(connection, "SELECT count(*) FROM c");
    }
  }

  static void cursors() throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, "CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g");
      connection.setAutoCommit(false);
      try (PreparedStatement statement = connection.prepareStatement("SELECT a FROM r WHERE a > ? ORDER BY a")) {
        for (int turn = 0; turn < 7; turn++) {
          statement.setFetchSize(64);
          statement.setInt(1, 10);
          long sum = 0;
          try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
              sum += rows.getInt(1);
            }
          }
          show(sum);
        }
        ResultSet left = statement.executeQuery(); // left open, with another one between
        left.next();
        ask(connection, "SELECT count(*) FROM r");
        for (int i = 0; i < 100; i++) {
          left.next();
        }
        show(left.getInt(1));
      }
      connection.commit();
      execute(connection, "DECLARE held CURSOR WITH HOLD FOR SELECT a FROM r ORDER BY a");
      connection.commit();
      ask(connection, "FETCH 2 FROM held");
      connection.commit();
      ask(connection, "FETCH 2 FROM held");
      execute(connection, "CLOSE held");
      connection.commit();
      connection.setAutoCommit(true);
      try (Statement statement = connection.createStatement(
          ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
        execute(connection, "CREATE TABLE u (a int PRIMARY KEY, b text); INSERT INTO u VALUES (1, 'x'), (2, 'y')");
        ResultSet rows = statement.executeQuery("SELECT a, b FROM u ORDER BY a");
        rows.last();
        rows.updateString("b", "changed");
        rows.updateRow();
        rows.first();
        rows.deleteRow();
        rows.moveToInsertRow();
        rows.updateInt("a", 3);
        rows.updateString("b", "z");
        rows.insertRow();
      }
      ask(connection, "SELECT * FROM u ORDER BY a");
    }
  }

  static void notifications() throws SQLException {
    try (Connection listener = connect(); Connection speaker = connect()) {
      execute(listener, "LISTEN news_" + LANE);
      execute(speaker, "NOTIFY news_" + LANE + ", 'first'");
      execute(speaker, "NOTIFY news_" + LANE + ", 'second'");
      int heard = 0;
      while (heard < 2) {
        PGNotification[] some = listener.unwrap(PGConnection.class).getNotifications(5000);
        for (PGNotification one : some) {
          show(one.getName(), one.getParameter());
          heard++;
        }
      }
      execute(listener, "UNLISTEN *");
    }
  }

  static void canceling() throws SQLException {
    try (Connection connection = connect(); Statement statement = connection.createStatement()) {
      Timer timer = new Timer();
      timer.schedule(new TimerTask() {
        @Override
        public void run() {
          try {
            statement.cancel();
          } catch (SQLException error) {
            show("!!", error);
          }
        }
      }, 200);
      errorOf(() -> statement.execute("SELECT pg_sleep(30)"));
      timer.cancel();
      ask(connection, "SELECT 1");
      statement.setQueryTimeout(1);
      errorOf(() -> statement.execute("SELECT pg_sleep(30)"));
      ask(connection, "SELECT 2");
    }
  }

  static void sizes() throws SQLException {
    try (Connection connection = connect()) {
      try (ResultSet rows = connection.createStatement().executeQuery(
          "SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g")) {
        long sum = 0;
        while (rows.next()) {
          sum += rows.getInt(1);
        }
        show(sum);
      }
      try (PreparedStatement statement = connection.prepareStatement("SELECT length(?), length(?)")) {
        statement.setString(1, "ü".repeat(3000000));
        statement.setBinaryStream(2, new ByteArrayInputStream(new byte[5000000]), 5000000);
        showAll(statement.executeQuery());
      }
    }
  }

  static void settings() throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, "SET TIME ZONE 'Asia/Kolkata'");
      ask(connection, "SELECT '2020-01-01 00:00+00'::timestamptz::text");
      show(connection.unwrap(PGConnection.class).getParameterStatus("TimeZone"));
      connection.setSchema("pg_catalog");
      ask(connection, "SELECT current_schemas(false)");
      execute(connection, "RESET search_path");
      ask(connection, "SELECT current_schemas(false)");
      execute(connection, "CREATE TEMP TABLE mine AS SELECT 7 AS a");
      ask(connection, "SELECT * FROM mine");
      execute(connection, "DROP TABLE mine");
      errorOf(() -> execute(connection, "SET client_encoding TO 'LATIN1'")); // the driver insists on UTF8
    }
  }

  static void sequences() throws SQLException {
    try (Connection connection = connect(); Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE s (id serial PRIMARY KEY, x text)");
      statement.executeUpdate("INSERT INTO s (x) VALUES ('a'), ('b')", Statement.RETURN_GENERATED_KEYS);
      showAll(statement.getGeneratedKeys());
      try (PreparedStatement put = connection.prepareStatement("INSERT INTO s (x) VALUES (?)", new String[] {"id"})) {
        for (int i = 0; i < 8; i++) {
          put.setString(1, "c");
          put.addBatch();
        }
        put.executeBatch();
        showAll(put.getGeneratedKeys());
      }
    }
  }

  static void metadata() throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, "CREATE TABLE parent (id serial PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x', n numeric(8,2))");
      execute(connection, "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE)");
      execute(connection, "CREATE UNIQUE INDEX by_name ON parent (name)");
      execute(connection, "COMMENT ON TABLE parent IS 'the parent'");
      execute(connection, "CREATE VIEW seen AS SELECT * FROM parent");
      execute(connection, "CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql AS 'SELECT i * 2'");
      DatabaseMetaData data = connection.getMetaData();
      ResultSet rows = data.getTables(null, LANE, "%", new String[] {"TABLE", "VIEW"});
      while (rows.next()) {
        if (rows.getString("TABLE_NAME").matches("parent|child|seen")) {
          show(rows.getString("TABLE_NAME"), rows.getString("TABLE_TYPE"), rows.getString("REMARKS"));
        }
      }
      rows = data.getColumns(null, LANE, "parent", "%");
      while (rows.next()) {
        show(rows.getString("COLUMN_NAME"), rows.getString("TYPE_NAME"), rows.getString("COLUMN_SIZE"),
            rows.getString("DECIMAL_DIGITS"), rows.getString("NULLABLE"), rows.getString("COLUMN_DEF"),
            rows.getString("IS_AUTOINCREMENT"));
      }
      showAll(data.getPrimaryKeys(null, LANE, "parent"));
      showAll(data.getImportedKeys(null, LANE, "child"));
      rows = data.getIndexInfo(null, LANE, "parent", false, false);
      while (rows.next()) {
        show(rows.getString("INDEX_NAME"), rows.getString("COLUMN_NAME"), rows.getBoolean("NON_UNIQUE"));
      }
      rows = data.getProcedureColumns(null, LANE, "%", "%");
      while (rows.next()) {
        show(rows.getString("PROCEDURE_NAME"), rows.getString("COLUMN_NAME"), rows.getString("TYPE_NAME"));
      }
      rows = data.getFunctions(null, LANE, "twice");
      while (rows.next()) {
        show(rows.getString("FUNCTION_NAME"));
      }
      rows = data.getTypeInfo();
      int known = 0;
      while (rows.next()) {
        known++;
      }
      show(known > 50, data.getMaxConnections() > 0, data.getSQLKeywords().length() > 0);
      try (CallableStatement call = connection.prepareCall("{? = call twice(?)}")) {
        call.registerOutParameter(1, Types.INTEGER);
        call.setInt(2, 21);
        call.execute();
        show(call.getInt(1));
      }
    }
  }

  static void large_objects() throws SQLException {
    try (Connection connection = connect()) {
      connection.setAutoCommit(false);
      LargeObjectManager manager = connection.unwrap(PGConnection.class).getLargeObjectAPI(); // uses FunctionCall
      long oid = manager.createLO();
      LargeObject object = manager.open(oid, LargeObjectManager.READWRITE);
      object.write("0123456789".getBytes(StandardCharsets.UTF_8));
      object.seek(3);
      show(new String(object.read(4), StandardCharsets.UTF_8), object.tell(), object.size());
      object.close();
      connection.commit();
      manager.delete(oid);
      connection.commit();
    }
  }

  static class Branch implements Xid {
    final byte[] name;

    Branch(String name) {
      this.name = name.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public int getFormatId() {
      return 42;
    }

    @Override
    public byte[] getGlobalTransactionId() {
      return name;
    }

    @Override
    public byte[] getBranchQualifier() {
      return new byte[] {1};
    }
  }

  static void two_phase() throws Exception {
    PGXADataSource source = new PGXADataSource();
    source.setUrl(URL + System.getenv("PGDATABASE"));
    source.setUser(System.getenv("PGUSER"));
    source.setPassword(System.getenv("PGPASSWORD"));
    source.setCurrentSchema(LANE);
    XAConnection both = source.getXAConnection();
    Connection connection = both.getConnection();
    XAResource resource = both.getXAResource();
    execute(connection, "CREATE TABLE x (a int)");
    for (String end : new String[] {"commit", "rollback", "one phase"}) {
      Xid xid = new Branch(LANE + end);
      resource.start(xid, XAResource.TMNOFLAGS);
      execute(connection, "INSERT INTO x VALUES (1)");
      resource.end(xid, XAResource.TMSUCCESS);
      if (!end.equals("one phase")) {
        show(resource.prepare(xid) == XAResource.XA_OK);
      }
      if (end.equals("rollback")) {
        resource.rollback(xid);
      } else {
        resource.commit(xid, end.equals("one phase"));
      }
    }
    show(Arrays.stream(resource.recover(XAResource.TMSTARTRSCAN)).filter(
        xid -> new String(xid.getGlobalTransactionId(), StandardCharsets.UTF_8).startsWith(LANE)).count());
    ask(connection, "SELECT count(*) FROM x");
    both.close();
  }

  // --- Over two shards --------------------------------------------------------------

  static void by_key() throws SQLException {
    try (Connection connection = connect()) {
      try (PreparedStatement put = connection.prepareStatement("INSERT INTO items VALUES (?, ?)");
          PreparedStatement get = connection.prepareStatement("SELECT * FROM items WHERE id = ?")) {
        for (int i = 0; i < 20; i++) {
          put.setInt(1, i);
          put.setString(2, "item " + i);
          show(put.executeUpdate());
        }
        for (int i = 0; i < 20; i++) {
          get.setInt(1, i);
          showAll(get.executeQuery());
        }
      }
      errorOf(() -> execute(connection, "INSERT INTO items VALUES (3, 'again')"));
      ask(connection, "DELETE FROM items WHERE id = 3 RETURNING *");
    }
  }

  static void scattered() throws SQLException {
    try (Connection connection = connect();
        PreparedStatement statement = connection.prepareStatement("SELECT id FROM items WHERE name <> ?")) {
      for (int i = 0; i < 8; i++) {
        statement.setString(1, "item " + i);
        int count = 0;
        int sum = 0;
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            count++;
            sum += rows.getInt(1);
          }
        }
        show(count, sum);
      }
    }
  }

  static void on_one_shard() throws SQLException {
    try (Connection connection = connect()) {
      connection.setAutoCommit(false);
      try (PreparedStatement change = connection.prepareStatement("UPDATE items SET name = 'mine' WHERE id = ?")) {
        for (int i = 0; i < 8; i++) {
          change.setInt(1, 5);
          change.addBatch();
        }
        show(change.executeBatch().length);
      }
      ask(connection, "SELECT name FROM items WHERE id = 5");
      connection.rollback();
      ask(connection, "SELECT name FROM items WHERE id = 5");
    }
  }

  static boolean perform(String name, Step step) {
    show("==", name);
    try {
      step.run();
      return true;
    } catch (Exception error) {
      show("!!", error);
      for (StackTraceElement at : error.getStackTrace()) {
        if (at.getClassName().equals("Jdbc")) {
          show("!!", at);
        }
      }
      return false;
    }
  }

  public static void main(String[] arguments) {
    boolean ok = true;
    if (arguments.length > 0 && arguments[0].equals("sharded")) {
      ok &= perform("by_key", Jdbc::by_key);
      ok &= perform("scattered", Jdbc::scattered);
      ok &= perform("on_one_shard", Jdbc::on_one_shard);
    } else {
      ok &= perform("connecting", Jdbc::connecting);
      ok &= perform("queries", Jdbc::queries);
      ok &= perform("prepared", Jdbc::prepared);
      ok &= perform("types", Jdbc::types);
      ok &= perform("transactions", Jdbc::transactions);
      ok &= perform("errors", Jdbc::errors);
      ok &= perform("batches", Jdbc::batches);
      ok &= perform("copying", Jdbc::copying);
      ok &= perform("cursors", Jdbc::cursors);
      ok &= perform("notifications", Jdbc::notifications);
      ok &= perform("canceling", Jdbc::canceling);
      ok &= perform("sizes", Jdbc::sizes);
      ok &= perform("settings", Jdbc::settings);
      ok &= perform("sequences", Jdbc::sequences);
      ok &= perform("metadata", Jdbc::metadata);
      ok &= perform("large_objects", Jdbc::large_objects);
      ok &= perform("two_phase", Jdbc::two_phase);
      ok &= perform("autosave", Jdbc::autosave);
    }
    System.exit(ok ? 0 : 1);
  }
}
