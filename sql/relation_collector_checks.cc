// Which relation a name means, and what reading or changing it hides.

#include <algorithm>
#include <utility>

#include "sql/examine.h"
#include "sql/relation_collector.h"

namespace pgbraid::sql {

using tree::As;
using tree::Node;

void RelationCollector::Target(const PgQuery__RangeVar& range, Access access,
                               Level& level) {
  ++seen_;
  FromItem item;
  item.name = range.alias != nullptr ? range.alias->aliasname : range.relname;
  Resolve(range, access, item);
  level.Add(std::move(item));
}

void RelationCollector::Resolve(const PgQuery__RangeVar& range, Access access,
                                FromItem& item) {
  const std::string_view database = range.catalogname;
  const Relation* relation =
      source_.catalog() == nullptr || !database.empty()
          ? nullptr
          : source_.catalog()->ResolveRelation(range.schemaname, range.relname,
                                               source_.path);
  const bool changes = access != Access::kRead && access != Access::kLockRows;
  RelationRef reference;
  reference.access = access;
  reference.through_view = !source_.from_client;
  if (relation == nullptr) {
    reference.schema = range.schemaname;
    reference.name = range.relname;
    item.reference = static_cast<int>(findings_.relations.size());
    findings_.relations.push_back(std::move(reference));
    findings_.advances_sequence |= changes;
    findings_.NotFound("the relation " + std::string(range.relname) +
                       " is not known");
    return;
  }
  relations_.push_back(relation);
  item.relation = relation;
  if (range.alias == nullptr) item.schema = relation->schema;
  for (size_t i = 0; i < relation->columns.size(); ++i) {
    const bool renamed = range.alias != nullptr && i < range.alias->n_colnames;
    item.column_names.emplace_back(
        renamed ? tree::StringOf(range.alias->colnames[i])
                : std::string_view(relation->columns[i].name));
  }
  item.columns_known = true;
  const bool is_catalog = relation->schema == "pg_catalog" ||
                          relation->schema == "information_schema";
  const bool expand = relation->kind == Relation::Kind::kView && !is_catalog;
  if (expand)
    ExamineView(*relation, source_, changes ? Access::kRead : access,
                findings_);
  if (!expand || changes) {
    reference.oid = relation->oid;
    reference.schema = relation->schema;
    reference.name = relation->name;
    item.reference = static_cast<int>(findings_.relations.size());
    findings_.relations.push_back(std::move(reference));
  }
  if (changes) {
    CheckChange(*relation);
  } else {
    CheckRead(*relation);
  }
}

void RelationCollector::CheckRead(const Relation& relation) {
  if (relation.schema == "pg_catalog" ||
      relation.schema == "information_schema") {
    findings_.NeedPrimary("reads the system catalog " + relation.name);
  }
  if (relation.kind == Relation::Kind::kSequence) {
    findings_.NeedPrimary("reads the sequence " + relation.name);
  }
  if (relation.kind == Relation::Kind::kMaterializedView) {
    CheckContents(relation);
  }
  for (const Relation* member : source_.catalog()->WithDescendants(relation)) {
    if (member->kind == Relation::Kind::kForeign) {
      findings_.MayWrite("reads the foreign table " + member->name);
    }
    if (member->persistence != 'p') {
      findings_.NeedPrimary("reads the unlogged or temporary table " +
                            member->name);
    }
  }
  if (!relation.row_security || source_.StandsBehind(relation.oid)) return;
  Source behind = source_;
  behind.behind.push_back(relation.oid);
  for (const Policy& policy : relation.policies) {
    for (const std::string* expression :
         {&policy.using_expression, &policy.check_expression}) {
      if (!expression->empty()) ExamineStored(*expression, behind, findings_);
    }
  }
}

void RelationCollector::CheckContents(const Relation& view) {
  Findings of_view;
  ExamineView(view, source_, Access::kRead, of_view);
  if (of_view.hidden_relations) findings_.HideRelations(of_view.hidden_reason);
  for (RelationRef& reference : of_view.relations) {
    reference.condition = {};
    findings_.relations.push_back(std::move(reference));
  }
}

void RelationCollector::CheckChange(const Relation& relation) {
  CheckRead(relation);
  if (relation.kind == Relation::Kind::kView) {
    findings_.HideRelations("writes through the view " + relation.name);
  }
  // Also of what refers to it, and in checks and indexes.
  const CodeGraph::Reached reached =
      source_.catalog()->code().ReachByWriting(relation.oid);
  findings_.taints |= reached.fires || reached.settings.unknown ||
                      !reached.settings.names.empty();
  for (const Relation* member : source_.catalog()->WithDescendants(relation)) {
    if (member->has_rules) {
      // That of pg_settings, for one, sets a setting.
      findings_.taints = true;
      findings_.HideRelations("a rule on " + member->name +
                              " may reach other tables");
    }
    if (member->has_triggers) {
      findings_.taints = true;
      findings_.HideRelations("a trigger on " + member->name +
                              " may reach other tables");
    }
  }
}

void RelationCollector::MayAdvanceSequence(const Relation& relation) {
  bool may = relation.kind == Relation::Kind::kView ||
             relation.kind == Relation::Kind::kForeign;
  for (const Column& column : relation.columns) {
    may |= column.identity != 0 ||
           column.default_expression.find("nextval(") != std::string::npos;
  }
  findings_.advances_sequence |= may;
}

void RelationCollector::CheckDefaults(const PgQuery__InsertStmt& insert,
                                      const Relation& relation) {
  for (const Column& column : relation.columns) {
    // A plain constant has no call in it.
    if (column.default_expression.find('(') == std::string::npos) continue;
    const tree::Nodes given = PGBRAID_NODES(insert, cols);
    const bool is_given =
        std::any_of(given.begin(), given.end(), [&](const Node* node) {
          const auto* target = As<PgQuery__ResTarget>(node);
          return target != nullptr && column.name == target->name;
        });
    if (is_given) continue;
    Findings of_default;
    ExamineStored(column.default_expression, source_, of_default);
    findings_.taints |= of_default.taints;
    // A sequence that is known belongs to its table.
    if (of_default.hidden_relations) {
      findings_.HideRelations(of_default.hidden_reason);
    }
  }
}

}  // namespace pgbraid::sql
