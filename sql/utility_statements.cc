#include "sql/utility_statements.h"

#include <optional>
#include <string>
#include <utility>

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Message;
using tree::Node;

bool IsMaintenance(PgQuery__Node__NodeCase type) {
  switch (type) {
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
      return true;
    default:
      return false;
  }
}

// CREATE, ALTER and DROP statements are named so in the grammar; the rest of
// what changes the catalogs is listed.
bool IsDdl(const Node* node) {
  switch (node->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
      return false;
    case PG_QUERY__NODE__NODE_GRANT_STMT:
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
    case PG_QUERY__NODE__NODE_INDEX_STMT:
    case PG_QUERY__NODE__NODE_RENAME_STMT:
    case PG_QUERY__NODE__NODE_RULE_STMT:
    case PG_QUERY__NODE__NODE_VIEW_STMT:
    case PG_QUERY__NODE__NODE_SEC_LABEL_STMT:
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
    case PG_QUERY__NODE__NODE_REPLICA_IDENTITY_STMT:
    case PG_QUERY__NODE__NODE_IMPORT_FOREIGN_SCHEMA_STMT:
    case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT:
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
      return true;
    default:
      break;
  }
  const std::string_view name = tree::Inside(node)->descriptor->short_name;
  return name.ends_with("Stmt") &&
         (name.starts_with("Create") || name.starts_with("Alter") ||
          name.starts_with("Drop"));
}

RelationRef WholeRelation(const PgQuery__RangeVar& range,
                          const Source& source) {
  RelationRef reference;
  reference.schema = range.schemaname;
  reference.name = range.relname;
  reference.access = Access::kWhole;
  const std::string_view database = range.catalogname;
  if (source.catalog() == nullptr || !database.empty()) return reference;
  const Relation* relation = source.catalog()->ResolveRelation(
      range.schemaname, range.relname, source.path);
  if (relation == nullptr) return reference;
  reference.oid = relation->oid;
  reference.schema = relation->schema;
  reference.name = relation->name;
  return reference;
}

// Lists every relation that the tree names as such. False if one of them is
// not known.
bool ListRelations(const Message* root, const Source& source,
                   Findings& findings) {
  bool known = source.catalog() != nullptr;
  tree::Walk(root, [&](const Message& message) {
    if (const auto* range = As<PgQuery__RangeVar>(&message)) {
      findings.relations.push_back(WholeRelation(*range, source));
      known &= findings.relations.back().oid != 0;
    }
    return true;
  });
  return known;
}

// A relation of a list: TRUNCATE, LOCK. Views and triggers reach further.
void ListWholeRelations(tree::Nodes nodes, const Source& source,
                        Findings& findings) {
  for (const Node* node : nodes) {
    if (!ListRelations(tree::Inside(node), source, findings)) {
      findings.HideRelations("names a relation that is not known");
      continue;
    }
    const Relation* relation =
        source.catalog()->FindRelation(findings.relations.back().oid);
    if (relation->kind == Relation::Kind::kView || relation->has_triggers ||
        source.catalog()->code().ReachByWriting(relation->oid).fires) {
      findings.HideRelations(relation->name + " may reach other tables");
      findings.taints = true;
    }
  }
}

// Something in the statement stands in the session's temporary schema.
bool IsTemporary(const Message* root, const Source& source) {
  for (const std::string& schema : source.input->search_path) {
    if (schema == "pg_temp") return true;
  }
  bool temporary = false;
  tree::Walk(root, [&](const Message& message) {
    if (const auto* range = As<PgQuery__RangeVar>(&message)) {
      const std::string_view schema = range->schemaname;
      const std::string_view persistence = range->relpersistence;
      temporary |= persistence == "t" || schema == "pg_temp";
    } else if (const auto* name = As<PgQuery__String>(&message)) {
      temporary |= std::string_view(name->sval) == "pg_temp";
    }
    return true;
  });
  return temporary;
}

void AnalyzeDdl(const Node* node, const Source& source, Statement& statement,
                Findings& findings) {
  statement.kind = Kind::kDdl;
  const Message* root = tree::Inside(node);
  findings.MayWrite("changes the catalogs");
  findings.HideRelations("changes the catalogs");
  ListRelations(root, source, findings);
  // A serial column that is added numbers the rows; a view is run anew.
  findings.advances_sequence |=
      node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT ||
      node->node_case == PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT;
  statement.changes_catalog =
      node->node_case != PG_QUERY__NODE__NODE_COMMENT_STMT &&
      node->node_case != PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT;
  const std::string_view name = root->descriptor->short_name;
  statement.changes_logins =
      name == "AlterRoleSetStmt" || name == "AlterDatabaseSetStmt";
  if (name.starts_with("Drop")) {
    findings.unpins = true;
  } else if (IsTemporary(root, source)) {
    findings.pin = Pin::kTemporaryObject;
    statement.changes_catalog = false;
  }
}

void AnalyzeCursor(const Node* node, Statement& statement, Findings& findings) {
  if (const auto* fetch = As<PgQuery__FetchStmt>(node)) {
    statement.kind = Kind::kFetch;
    statement.name = fetch->portalname;
    findings.MayWrite("uses a cursor");
    findings.HideRelations("uses a cursor");
  } else if (const auto* close = As<PgQuery__ClosePortalStmt>(node)) {
    statement.kind = Kind::kClosePortal;
    statement.name = close->portalname;
    findings.NeedPrimary("uses a cursor");
    findings.unpins = true;
  }
}

void AnalyzeChannel(const Node* node, Statement& statement,
                    Findings& findings) {
  if (const auto* listen = As<PgQuery__ListenStmt>(node)) {
    statement.kind = Kind::kListen;
    statement.name = listen->conditionname;
    findings.pin = Pin::kListen;
    findings.differs_in_recovery = true;
    findings.MayWrite("listens to a channel");
  } else if (const auto* unlisten = As<PgQuery__UnlistenStmt>(node)) {
    statement.kind = Kind::kUnlisten;
    statement.name = unlisten->conditionname;
    findings.unpins = true;
    findings.NeedPrimary("listens to a channel");
  } else if (const auto* notify = As<PgQuery__NotifyStmt>(node)) {
    statement.kind = Kind::kNotify;
    statement.name = notify->conditionname;
    findings.differs_in_recovery = true;
    findings.MayWrite("notifies a channel");
  }
}

void AnalyzeDiscard(const PgQuery__DiscardStmt& discard, Statement& statement,
                    Findings& findings) {
  statement.kind = Kind::kDiscard;
  statement.discard_all = discard.target == PG_QUERY__DISCARD_MODE__DISCARD_ALL;
  findings.unpins = statement.discard_all ||
                    discard.target == PG_QUERY__DISCARD_MODE__DISCARD_TEMP;
  findings.advances_sequence =
      statement.discard_all ||
      discard.target == PG_QUERY__DISCARD_MODE__DISCARD_SEQUENCES;
  findings.NeedPrimary("changes the session");
}

void AnalyzeTruncate(const PgQuery__TruncateStmt& truncate,
                     const Source& source, Statement& statement,
                     Findings& findings) {
  statement.kind = Kind::kTruncate;
  findings.MayWrite("changes data");
  if (truncate.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE) {
    findings.HideRelations("TRUNCATE CASCADE reaches other tables");
  }
  ListWholeRelations(PGBRAID_NODES(truncate, relations), source, findings);
}

// What only the text of a DO block shows.
void AnalyzeCode(const PgQuery__DoStmt& block, Findings& findings) {
  findings.by_text = true;
  std::string_view language = "plpgsql";
  for (const Node* node : PGBRAID_NODES(block, args)) {
    const auto* option = As<PgQuery__DefElem>(node);
    if (option != nullptr && std::string_view(option->defname) == "language") {
      language = tree::StringOf(option->arg);
    }
  }
  for (const Node* node : PGBRAID_NODES(block, args)) {
    const auto* option = As<PgQuery__DefElem>(node);
    if (option == nullptr || std::string_view(option->defname) != "as") {
      continue;
    }
    const std::string_view code = tree::StringOf(option->arg);
    findings.code.Add(ReadCode(code, language));
    // random()'s seed cannot be looked up afterwards.
    if (code.find("seed") != std::string_view::npos) {
      findings.pin = Pin::kRandomSeed;
    }
  }
}

// The kinds that need no more than a word. False if it is none of them.
bool AnalyzePlain(const Node* node, Statement& statement, Findings& findings) {
  switch (node->node_case) {
    case PG_QUERY__NODE__NODE_DO_STMT:
      statement.kind = Kind::kDo;
      findings.MayWrite("runs a code block");
      findings.HideRelations("runs a code block");
      findings.taints = true;
      AnalyzeCode(*As<PgQuery__DoStmt>(node), findings);
      return true;
    case PG_QUERY__NODE__NODE_LOAD_STMT:
      statement.kind = Kind::kLoad;
      findings.pin = Pin::kLoad;
      findings.MayWrite("loads a library");
      findings.taints = true;
      return true;
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
      statement.kind = Kind::kShow;
      statement.name = As<PgQuery__VariableShowStmt>(node)->name;
      findings.NeedPrimary("shows a setting");
      return true;
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
      statement.kind = Kind::kDeallocate;
      statement.name = As<PgQuery__DeallocateStmt>(node)->name;
      findings.NeedPrimary("belongs to a prepared statement");
      return true;
    case PG_QUERY__NODE__NODE_FETCH_STMT:
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
      AnalyzeCursor(node, statement, findings);
      return true;
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
    case PG_QUERY__NODE__NODE_NOTIFY_STMT:
      AnalyzeChannel(node, statement, findings);
      return true;
    default:
      return false;
  }
}

}  // namespace

void AnalyzeUtility(const Node* node, const Source& source,
                    Statement& statement, Findings& findings) {
  if (AnalyzePlain(node, statement, findings)) return;
  if (const auto* transaction = As<PgQuery__TransactionStmt>(node)) {
    AnalyzeTransaction(*transaction, statement, findings);
  } else if (const auto* set = As<PgQuery__VariableSetStmt>(node)) {
    AnalyzeSet(*set, source, statement, findings);
  } else if (const auto* discard = As<PgQuery__DiscardStmt>(node)) {
    AnalyzeDiscard(*discard, statement, findings);
  } else if (const auto* truncate = As<PgQuery__TruncateStmt>(node)) {
    AnalyzeTruncate(*truncate, source, statement, findings);
  } else if (const auto* lock = As<PgQuery__LockStmt>(node)) {
    statement.kind = Kind::kLock;
    findings.differs_in_recovery = true;
    findings.MayWrite("locks tables");
    ListWholeRelations(PGBRAID_NODES(*lock, relations), source, findings);
  } else if (IsMaintenance(node->node_case)) {
    statement.kind = Kind::kMaintenance;
    findings.MayWrite("maintains tables");
    ListRelations(tree::Inside(node), source, findings);
    findings.HideRelations("maintains tables");
  } else if (IsDdl(node)) {
    AnalyzeDdl(node, source, statement, findings);
  } else {
    statement.kind = Kind::kOther;
    findings.MayWrite("may change something");
    findings.HideRelations("may change something");
    findings.taints = true;
  }
}

}  // namespace pgbraid::sql
