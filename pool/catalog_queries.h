// The SQL that catalog_loader.cc runs. All of it but kBegin and kTakePath is
// run under an empty search_path, so that plain names mean pg_catalog's, and
// deparsed text comes with every other name qualified. PostgreSQL 13 and later.
//
// Temporary objects are left out throughout: a snapshot does not speak of them.
#ifndef PGBRAID_POOL_CATALOG_QUERIES_H_
#define PGBRAID_POOL_CATALOG_QUERIES_H_

namespace pgbraid::pool::catalog_sql {

inline constexpr char kBegin[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
inline constexpr char kCommit[] = "COMMIT";
inline constexpr char kRollback[] = "ROLLBACK";

// search_path as this session has it and where from; then it is emptied until
// the end of the transaction. On a primary also: how far its log is by now,
// behind all that the transaction sees, on which timeline (eight hexadecimal
// digits), and the bytes of a WAL segment. What is flushed is all that standbys
// can have; only a commit without synchronous_commit is seen before that.
inline constexpr char kTakePath[] = R"(
SELECT s.setting, s.source, pg_catalog.set_config('search_path', '', true),
       l.lsn, pg_catalog.substr(pg_catalog.pg_walfile_name(l.lsn), 1, 8),
       pg_catalog.pg_size_bytes(
         pg_catalog.current_setting('wal_segment_size'))
FROM pg_catalog.pg_settings s
CROSS JOIN (SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery()
  THEN pg_catalog.pg_current_wal_flush_lsn() END OFFSET 0) AS l(lsn)
WHERE s.name OPERATOR(pg_catalog.=) 'search_path')";

// The same for who only asks for the version (pg_settings costs 0.5 ms).
inline constexpr char kTakePathOnly[] = R"(
SELECT pg_catalog.current_setting('search_path'),
       pg_catalog.set_config('search_path', '', true))";

// What the configuration files say, for a role that may look.
inline constexpr char kMayReadFiles[] = R"(
SELECT has_function_privilege('pg_show_all_file_settings()', 'EXECUTE'))";
inline constexpr char kFilePath[] = R"(
SELECT setting FROM pg_file_settings
WHERE name = 'search_path' AND applied ORDER BY seqno DESC LIMIT 1)";

// Which transactions have ended, as far as anybody can see, and search_path,
// which a configuration file can change. NULL on a standby, whose snapshots do
// not list the transactions in progress.
inline constexpr char kCommitState[] = R"(
SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
  ELSE pg_catalog.concat(pg_catalog.pg_current_snapshot(), ' ',
    pg_catalog.current_setting('search_path')) END)";

// Two numbers for the committed state of the catalogs: see CatalogVersion; the
// second covers all that SystemRows come from. Rows are told apart by a seed
// that holds catalog and OID. hash_array_extended() is the cheapest way to hash
// an xid. pg_class goes by its columns instead of xmin, since TRUNCATE,
// REFRESH, CLUSTER and REINDEX write there without changing anything that a
// snapshot shows.
inline constexpr char kVersion[] = R"(
WITH temp_relation AS MATERIALIZED (
  SELECT oid FROM pg_class WHERE relpersistence = 't'
), temp_schema AS MATERIALIZED (
  SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_'
), part(system, hash) AS (
  SELECT oid < 16384, bit_xor(hashnameextended(relname, hashint8extended(
    (oid::int8 << 32) | relnamespace::int8, hashcharextended(relkind,
      hashcharextended(relpersistence,
        relrowsecurity::int * 2 + relispartition::int)))))
  FROM pg_class WHERE relkind <> 't' AND relpersistence <> 't' GROUP BY 1
UNION ALL
  SELECT attrelid < 16384, bit_xor(hash_array_extended(ARRAY[xmin],
    (attrelid::int8 << 16) | attnum))
  FROM pg_attribute
  WHERE attnum > 0 AND attrelid NOT IN (SELECT oid FROM temp_relation)
  GROUP BY 1
UNION ALL
  SELECT oid < 16384, bit_xor(hash_array_extended(ARRAY[xmin],
    (1::int8 << 56) | oid::int8))
  FROM pg_type WHERE typnamespace NOT IN (SELECT oid FROM temp_schema)
  GROUP BY 1
UNION ALL
  SELECT oid < 16384, bit_xor(hash_array_extended(ARRAY[xmin],
    (2::int8 << 56) | oid::int8))
  FROM pg_proc WHERE pronamespace NOT IN (SELECT oid FROM temp_schema)
  GROUP BY 1
UNION ALL
  SELECT oid < 16384, bit_xor(hash_array_extended(ARRAY[xmin],
    (3::int8 << 56) | oid::int8))
  FROM pg_operator GROUP BY 1
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    (4::int8 << 56) | oid::int8))
  FROM pg_cast
UNION ALL
  SELECT oid < 16384, bit_xor(hash_array_extended(ARRAY[xmin],
    (5::int8 << 56) | oid::int8))
  FROM pg_namespace WHERE oid NOT IN (SELECT oid FROM temp_schema) GROUP BY 1
UNION ALL
  SELECT ev_class < 16384, bit_xor(hash_array_extended(ARRAY[xmin],
    (6::int8 << 56) | oid::int8))
  FROM pg_rewrite WHERE ev_class NOT IN (SELECT oid FROM temp_relation)
  GROUP BY 1
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    (7::int8 << 56) | oid::int8))
  FROM pg_policy WHERE polrelid NOT IN (SELECT oid FROM temp_relation)
UNION ALL
  SELECT contypid BETWEEN 1 AND 16383, bit_xor(hash_array_extended(ARRAY[xmin],
    (8::int8 << 56) | oid::int8))
  FROM pg_constraint WHERE conrelid NOT IN (SELECT oid FROM temp_relation)
  GROUP BY 1
UNION ALL
  SELECT tgrelid < 16384, bit_xor(hash_array_extended(ARRAY[xmin],
    (9::int8 << 56) | oid::int8))
  FROM pg_trigger WHERE tgrelid NOT IN (SELECT oid FROM temp_relation)
  GROUP BY 1
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    (10::int8 << 56) | indexrelid::int8))
  FROM pg_index WHERE indrelid NOT IN (SELECT oid FROM temp_relation)
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    hashint8extended((inhrelid::int8 << 32) | inhparent::int8, inhseqno)))
  FROM pg_inherits WHERE inhrelid NOT IN (SELECT oid FROM temp_relation)
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    (11::int8 << 56) | oid::int8))
  FROM pg_enum
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    (12::int8 << 56) | oid::int8))
  FROM pg_attrdef WHERE adrelid NOT IN (SELECT oid FROM temp_relation)
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    hashint8extended((setdatabase::int8 << 32) | setrole::int8, 13)))
  FROM pg_db_role_setting
UNION ALL
  SELECT false, bit_xor(hash_array_extended(ARRAY[xmin],
    hashint8extended((roleid::int8 << 32) | member::int8, 14)))
  FROM pg_auth_members
UNION ALL
  SELECT false, bit_xor(hashnameextended(rolname,
    (15::int8 << 56) | (oid::int8 * 4 + rolsuper::int * 2 + rolinherit::int)))
  FROM pg_roles
)
SELECT bit_xor(hash), bit_xor(hash) FILTER (WHERE system) FROM part)";

// oid, name, usable by all; and, if not by all, a row for each role that may
// use it.
inline constexpr char kNamespaces[] = R"(
SELECT n.oid, n.nspname, u.by_all, r.rolname
FROM pg_namespace n
CROSS JOIN LATERAL (
  SELECT coalesce(has_schema_privilege('public', n.oid, 'USAGE'), false)
) u(by_all)
LEFT JOIN pg_roles r
  ON NOT u.by_all AND has_schema_privilege(r.oid, n.oid, 'USAGE')
WHERE n.nspname !~ '^pg_(temp_|toast)'
ORDER BY n.oid, r.rolname)";

// oid, schema, name, kind, element, array, base type, constrained
inline constexpr char kTypes[] = R"(
SELECT t.oid, n.nspname, t.typname, t.typtype,
       CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END,
       t.typarray, t.typbasetype,
       t.typtype = 'd' AND (t.typnotnull OR EXISTS (
         SELECT FROM pg_constraint k WHERE k.contypid = t.oid))
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname !~ '^pg_(temp_|toast)')";

// oid, schema, name, kind, persistence, row security, is a partition, has
// rules, has triggers
inline constexpr char kRelations[] = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
       c.relrowsecurity, c.relispartition,
       c.relhasrules AND EXISTS (SELECT FROM pg_rewrite r
         WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'),
       c.relhastriggers AND EXISTS (SELECT FROM pg_trigger t
         WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
  AND c.relpersistence <> 't' AND n.nspname !~ '^pg_(temp_|toast)')";

// relation, name, number, type, modifier, not null, identity, generated,
// deterministic collation
inline constexpr char kColumns[] = R"(
SELECT a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attnotnull,
       a.attidentity, a.attgenerated, coalesce(l.collisdeterministic, true)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relpersistence <> 't'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c'))";

// Deparsing takes an AccessShareLock on the relations that the text speaks of,
// so that a load would wait for as long as an ALTER TABLE runs. What is locked
// that strongly, or about to be, is left out (NULL), and the load says that it
// is not complete.
#define PGBRAID_CATALOG_LOCKED                                    \
  "WITH locked AS MATERIALIZED ("                                 \
  "  SELECT DISTINCT relation FROM pg_locks"                      \
  "  WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL" \
  "    AND database IN (0, (SELECT oid FROM pg_database"          \
  "      WHERE datname = current_database())))"

// relation, definition; of the user's views. A view depends on what it speaks
// of by way of its rule.
inline constexpr char kViews[] = PGBRAID_CATALOG_LOCKED R"(
SELECT c.oid, CASE WHEN c.oid IN (SELECT relation FROM locked)
    OR EXISTS (SELECT FROM locked l
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass
        AND d.refobjid = l.relation AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid WHERE r.ev_class = c.oid)
  THEN NULL ELSE pg_get_viewdef(c.oid) END
FROM pg_class c
WHERE c.relkind IN ('v', 'm') AND c.oid >= 16384 AND c.relpersistence <> 't')";

// relation, column number, expression
inline constexpr char kDefaults[] = PGBRAID_CATALOG_LOCKED R"(
SELECT d.adrelid, d.adnum, CASE WHEN d.adrelid IN (SELECT relation FROM locked)
  THEN NULL ELSE pg_get_expr(d.adbin, d.adrelid) END
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
WHERE c.relpersistence <> 't')";

// relation, oid, name, command, permissive, has USING, USING, has CHECK, CHECK,
// role; a row for each role, one without a role for PUBLIC.
inline constexpr char kPolicies[] = PGBRAID_CATALOG_LOCKED R"(
SELECT p.polrelid, p.oid, p.polname, p.polcmd, p.polpermissive,
       p.polqual IS NOT NULL,
       CASE WHEN p.polrelid IN (SELECT relation FROM locked) THEN NULL
         ELSE pg_get_expr(p.polqual, p.polrelid) END,
       p.polwithcheck IS NOT NULL,
       CASE WHEN p.polrelid IN (SELECT relation FROM locked) THEN NULL
         ELSE pg_get_expr(p.polwithcheck, p.polrelid) END,
       r.rolname
FROM pg_policy p
CROSS JOIN LATERAL unnest(p.polroles) WITH ORDINALITY m(role, place)
LEFT JOIN pg_roles r ON r.oid = m.role
JOIN pg_class c ON c.oid = p.polrelid AND c.relpersistence <> 't'
ORDER BY p.polrelid, p.polname, m.place)";

#undef PGBRAID_CATALOG_LOCKED

// relation, name, key columns' numbers (0: an expression), primary, exclusion,
// partial
inline constexpr char kUniqueIndexes[] = R"(
SELECT i.indrelid, x.relname,
       array_to_string((i.indkey::int2[])[0:i.indnkeyatts - 1], ' '),
       i.indisprimary, i.indisexclusion, i.indpred IS NOT NULL
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid
WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid
  AND c.relkind <> 't' AND c.relpersistence <> 't'
ORDER BY i.indrelid, NOT i.indisprimary, x.relname)";

// relation, name, columns' numbers, target, target columns' numbers; without
// PostgreSQL's own copies for each partition of the target (not to be mixed up
// with those that the partitions of the referencing table have).
inline constexpr char kForeignKeys[] = R"(
SELECT k.conrelid, k.conname, array_to_string(k.conkey, ' '), k.confrelid,
       array_to_string(k.confkey, ' ')
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_constraint o
    WHERE o.oid = k.conparentid AND o.conrelid = k.conrelid)
ORDER BY k.conrelid, k.conname)";

// parent, child
inline constexpr char kInheritance[] = R"(
SELECT i.inhparent, i.inhrelid
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
ORDER BY i.inhseqno, i.inhparent, i.inhrelid)";

// oid, schema, name, argument types, defaults, variadic, return type, returns a
// set, volatility, kind
inline constexpr char kFunctions[] = R"(
SELECT p.oid, n.nspname, p.proname, p.proargtypes, p.pronargdefaults,
       p.provariadic <> 0, p.prorettype, p.proretset, p.provolatile, p.prokind
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_(temp_|toast)')";

// oid, language, source, calls set_config (2078) in SQL that is stored parsed,
// which has no source, a setting that it runs under: a row for each, or one
// without.
inline constexpr char kFunctionCodes[] = R"(
SELECT p.oid, l.lanname, CASE WHEN l.lanname <> 'c' THEN p.prosrc END,
       CASE WHEN p.prosrc = '' THEN coalesce(
         to_jsonb(p) ->> 'prosqlbody' ~ ':funcid 2078 ', false) ELSE false END,
       c.setting
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN LATERAL unnest(p.proconfig) c(setting) ON true
WHERE p.oid >= 16384 AND n.nspname !~ '^pg_(temp_|toast)'
ORDER BY p.oid)";

// by, user, the used one is a relation, used: see sql::CodeUse
inline constexpr char kCodeUses[] = R"(
SELECT CASE WHEN d.classid = 'pg_proc'::regclass THEN 'f'
            WHEN d.classid = 'pg_policy'::regclass
              OR w.rulename = '_RETURN' THEN 'r'
            WHEN coalesce(t.tgrelid, w.ev_class, a.adrelid, k.conrelid,
                          i.indrelid, 0) <> 0 THEN 'w'
            ELSE '*' END,
       CASE WHEN d.classid = 'pg_proc'::regclass THEN d.objid
            ELSE coalesce(t.tgrelid, w.ev_class, a.adrelid, p.polrelid,
                          k.conrelid, i.indrelid, 0) END,
       d.refclassid = 'pg_class'::regclass, d.refobjid
FROM pg_depend d
LEFT JOIN pg_trigger t
  ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
LEFT JOIN pg_rewrite w
  ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
LEFT JOIN pg_attrdef a
  ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
LEFT JOIN pg_policy p
  ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
LEFT JOIN pg_constraint k
  ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_index i
  ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
WHERE d.refobjid >= 16384 AND d.objid >= 16384
  AND (d.refclassid = 'pg_proc'::regclass
    OR (d.refclassid = 'pg_class'::regclass AND d.refobjid <> coalesce(
          w.ev_class, 0)
      AND (d.classid = 'pg_proc'::regclass OR w.rulename <> '_RETURN')))
GROUP BY 1, 2, 3, 4)";

// oid, schema, name, left, right, result, volatility
inline constexpr char kOperators[] = R"(
SELECT o.oid, n.nspname, o.oprname, o.oprleft, o.oprright, o.oprresult,
       coalesce(p.provolatile, 'v')
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
LEFT JOIN pg_proc p ON p.oid = o.oprcode
WHERE true)";

// source, target, function, context
inline constexpr char kCasts[] = R"(
SELECT castsource, casttarget, castfunc, castcontext
FROM pg_cast WHERE oid >= 16384)";

// for this database alone, role or NULL, "name=value"
inline constexpr char kRoleSettings[] = R"(
SELECT s.setdatabase <> 0, r.rolname, c.setting
FROM pg_db_role_setting s
CROSS JOIN LATERAL unnest(s.setconfig) c(setting)
LEFT JOIN pg_roles r ON r.oid = s.setrole
WHERE s.setdatabase = 0 OR s.setdatabase = (
    SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY s.setdatabase, s.setrole)";

// relation, column: whose collation orders text by its bytes
inline constexpr char kByteOrder[] = R"(
SELECT a.attrelid, a.attname
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.oid >= 16384
  AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND CASE WHEN l.collprovider = 'd' THEN (
      SELECT d.datcollate FROM pg_database d
      WHERE d.datname = current_database() 
        AND coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c')
    ELSE l.collcollate END IN ('C', 'POSIX'))";

// relation, name, may change a row before it is stored; triggers and rules that
// are enabled. tgtype: 1 row, 2 before, 4 insert, 16 update.
inline constexpr char kTriggers[] = R"(
SELECT t.tgrelid, t.tgname, t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
  AND c.relpersistence <> 't'
UNION ALL
SELECT r.ev_class, r.rulename, true
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE r.rulename <> '_RETURN' AND r.ev_enabled IN ('O', 'A')
  AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f')
  AND c.relpersistence <> 't'
ORDER BY 1, 2)";

// relation, name, plain columns that an exclusion constraint compares by =
// (NULL: none); one row for each of them.
inline constexpr char kExclusions[] = R"(
SELECT k.conrelid, k.conname, a.attname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid AND c.relpersistence <> 't'
CROSS JOIN LATERAL unnest(k.conkey, k.conexclop) WITH ORDINALITY
  e(number, operator, place)
LEFT JOIN pg_operator o ON o.oid = e.operator AND o.oprname = '='
LEFT JOIN pg_attribute a
  ON a.attrelid = k.conrelid AND a.attnum = e.number AND o.oid IS NOT NULL
WHERE k.contype = 'x'
ORDER BY k.conrelid, k.conname, e.place)";

}  // namespace pgbraid::pool::catalog_sql

#endif  // PGBRAID_POOL_CATALOG_QUERIES_H_
