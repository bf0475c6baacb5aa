// The rows of a catalog snapshot: plain values, one struct a kind of object.
// Each field says which system catalog column of PostgreSQL it holds. "text" of
// an expression or view is what PostgreSQL deparses while search_path is empty,
// so that every name outside pg_catalog stands with its schema.
//
// Names are as stored (case kept, no quotes). An absent OID is 0.
#ifndef PGBRAID_SQL_CATALOG_VALUES_H_
#define PGBRAID_SQL_CATALOG_VALUES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sql/statement.h"

namespace pgbraid::sql {

// Objects below this OID came with initdb (FirstNormalObjectId).
inline constexpr Oid kFirstUserOid = 16384;

// pg_namespace; leave out pg_toast*, pg_temp_* and pg_toast_temp_*.
struct Namespace {
  Oid oid = 0;
  std::string name;  // nspname
  // has_schema_privilege('public', oid, 'USAGE'). PostgreSQL passes over
  // schemas of search_path that the current user may not use.
  bool usable_by_all = true;
  // If not: rolname of each role that has_schema_privilege(.., 'USAGE').
  std::vector<std::string> usable_by;
};

// pg_attribute with attnum > 0 and not attisdropped.
struct Column {
  std::string name;                // attname
  int16_t number = 0;              // attnum
  Oid type = 0;                    // atttypid
  std::string type_schema;         // nspname of the type
  std::string type_name;           // typname ("int4", "_text", "my_enum")
  int32_t type_modifier = -1;      // atttypmod
  bool not_null = false;           // attnotnull
  std::string default_expression;  // pg_get_expr(adbin, adrelid), or empty
  char identity = 0;               // attidentity: 'a', 'd', or 0
  char generated = 0;              // attgenerated: 's', or 0
  // collisdeterministic of attcollation; true if the type has no collation.
  bool deterministic_collation = true;
};

// pg_policy.
struct Policy {
  std::string name;    // polname
  char command = '*';  // polcmd: '*', 'r', 'a', 'w', 'd'
  bool permissive = true;
  std::vector<std::string> roles;  // rolname of polroles; empty: PUBLIC
  std::string using_expression;    // pg_get_expr(polqual, polrelid), or empty
  std::string check_expression;    // pg_get_expr(polwithcheck, ..), or empty
};

// pg_index where indisunique or indisexclusion, indisvalid.
struct UniqueIndex {
  std::string name;                  // relname of the index
  std::vector<std::string> columns;  // key columns (indnkeyatts); an expression
                                     // stands as an empty name
  bool primary = false;              // indisprimary
  bool exclusion = false;            // indisexclusion
  bool partial = false;              // indpred is not null
};

// pg_constraint with contype 'f', on the referencing table.
struct ForeignKey {
  std::string name;                         // conname
  std::vector<std::string> columns;         // conkey, in its order
  Oid target = 0;                           // confrelid
  std::vector<std::string> target_columns;  // confkey, in its order
};

// pg_class, kinds r p v m f S c; with those of pg_catalog and
// information_schema (names resolve to them), without indexes and TOAST tables,
// without other sessions' temporary relations.
struct Relation {
  enum class Kind : char {
    kTable = 'r',
    kPartitioned = 'p',
    kView = 'v',
    kMaterializedView = 'm',
    kForeign = 'f',
    kSequence = 'S',
    kComposite = 'c',
  };
  Oid oid = 0;
  std::string schema;
  std::string name;
  Kind kind = Kind::kTable;     // relkind
  char persistence = 'p';       // relpersistence: 'p', 'u', 't'
  std::vector<Column> columns;  // by attnum

  bool row_security = false;  // relrowsecurity
  std::vector<Policy> policies;
  bool has_rules = false;     // a pg_rewrite other than a view's _RETURN
  bool has_triggers = false;  // a pg_trigger that is not tgisinternal

  std::vector<UniqueIndex> unique_indexes;
  std::vector<ForeignKey> foreign_keys;

  // pg_inherits: direct children, partitions among them.
  std::vector<Oid> children;
  // pg_inherits: direct parents (one, if it is a partition).
  std::vector<Oid> parents;
  bool is_partition = false;  // relispartition

  // kView, kMaterializedView: pg_get_viewdef(oid) under an empty search_path.
  // May be left empty for pg_catalog and information_schema.
  std::string view_definition;

  const Column* FindColumn(std::string_view column_name) const {
    for (const Column& column : columns) {
      if (column.name == column_name) return &column;
    }
    return nullptr;
  }
};

// pg_type; all of them but the row types of pg_toast tables.
struct Type {
  Oid oid = 0;
  std::string schema;
  std::string name;     // typname
  char kind = 'b';      // typtype: b c d e p r m
  Oid element = 0;      // typelem if it is a true array (typcategory 'A')
  Oid array = 0;        // typarray
  Oid domain_base = 0;  // typbasetype of a domain
  // A domain with a pg_constraint (contypid) or typnotnull, itself or one of
  // the domains below it.
  bool domain_has_constraints = false;

  bool built_in() const { return oid < kFirstUserOid; }
};

// pg_proc; all of them.
struct Function {
  Oid oid = 0;
  std::string schema;
  std::string name;                 // proname
  std::vector<Oid> argument_types;  // proargtypes (input arguments only)
  int16_t default_count = 0;        // pronargdefaults
  bool variadic = false;            // provariadic <> 0
  Oid return_type = 0;              // prorettype
  bool returns_set = false;         // proretset
  char volatility = 'v';            // provolatile: i s v
  char kind = 'f';                  // prokind: f p a w

  // Made by initdb. Extensions' functions count as the user's.
  bool built_in() const {
    return oid < kFirstUserOid && schema == "pg_catalog";
  }
};

// pg_operator; all of them.
struct Operator {
  Oid oid = 0;
  std::string schema;
  std::string name;  // oprname
  Oid left = 0;      // oprleft, 0: prefix operator
  Oid right = 0;     // oprright
  Oid result = 0;    // oprresult
  // provolatile of oprcode.
  char volatility = 'v';

  bool built_in() const {
    return oid < kFirstUserOid && schema == "pg_catalog";
  }
};

// pg_cast, only those made by users (oid >= kFirstUserOid).
struct Cast {
  Oid source = 0;      // castsource
  Oid target = 0;      // casttarget
  Oid function = 0;    // castfunc, 0: binary coercible or through input/output
  char context = 'e';  // castcontext: e a i
};

// pg_db_role_setting for this database or for all (setdatabase 0): one row for
// each element of setconfig.
struct RoleSetting {
  bool this_database = false;  // setdatabase is this database, not 0
  std::string role;            // rolname of setrole; empty: every role
  std::string name;            // what stands before the first '='
  std::string value;           // and behind it
  bool operator==(const RoleSetting&) const = default;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_CATALOG_VALUES_H_
