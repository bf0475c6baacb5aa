#include "sql/examine.h"

#include <string>
#include <vector>

#include "sql/relation_collector.h"
#include "sql/tree_checker.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Message;
using tree::Node;

// How many relations a tree names, but for those that stand for aliases (FOR
// UPDATE OF t) or are created (INTO t).
size_t CountRelations(const Message* root) {
  size_t count = 0;
  tree::Walk(root, [&](const Message& message) {
    if (As<PgQuery__RangeVar>(&message) != nullptr) ++count;
    return As<PgQuery__LockingClause>(&message) == nullptr &&
           As<PgQuery__IntoClause>(&message) == nullptr;
  });
  return count;
}

enum class Form { kQuery, kExpression, kRelation };

void Examine(const Node* node, Form form, const Source& source, Access access,
             Findings& findings) {
  RelationCollector collector(source, findings);
  switch (form) {
    case Form::kQuery:
      collector.CollectQuery(node, access);
      break;
    case Form::kExpression:
      collector.CollectExpression(node);
      break;
    case Form::kRelation:
      collector.CollectRelation(node, access);
      break;
  }
  const Message* root = tree::Inside(node);
  if (collector.seen() != CountRelations(root)) {
    findings.MayWrite("has a form that is not understood");
    findings.HideRelations("has a form that is not understood");
  }
  TreeChecker(source, collector.relations(), findings).Check(root);
}

// Names in what the catalog keeps are written with their schemas.
Source StoredSource(std::string_view text, const Source& source) {
  Source stored = source;
  stored.text = text;
  stored.fingerprint = nullptr;
  stored.path = {"pg_catalog"};
  stored.from_client = false;
  return stored;
}

}  // namespace

void ExamineQuery(const Node* query, const Source& source, Access access,
                  Findings& findings) {
  Examine(query, Form::kQuery, source, access, findings);
}

void ExamineRelation(const Node* relation, const Source& source, Access access,
                     Findings& findings) {
  Examine(relation, Form::kRelation, source, access, findings);
}

void ExamineExpression(const Node* expression, const Source& source,
                       Findings& findings) {
  if (expression == nullptr) return;
  Examine(expression, Form::kExpression, source, Access::kRead, findings);
}

void ExamineView(const Relation& view, const Source& source, Access access,
                 Findings& findings) {
  Source stored = StoredSource(view.view_definition, source);
  stored.behind.push_back(view.oid);
  const bool too_many = stored.behind.size() > kMaxViewDepth ||
                        ++findings.expansions > kMaxExpansions;
  const ParseTree tree = ParseTree::Parse(view.view_definition);
  if (too_many || tree.statements().size() != 1 ||
      As<PgQuery__SelectStmt>(tree.statements().front().node) == nullptr) {
    const std::string reason = "the view " + view.name + " is not understood";
    findings.MayWrite(reason);
    findings.HideRelations(reason);
    findings.taints = true;
    return;
  }
  ExamineQuery(tree.statements().front().node, stored, access, findings);
}

void ExamineStored(std::string_view expression, const Source& source,
                   Findings& findings) {
  const std::string text = "SELECT " + std::string(expression);
  const Source stored = StoredSource(text, source);
  const ParseTree tree = ParseTree::Parse(text);
  if (tree.statements().size() != 1 || stored.behind.size() > kMaxViewDepth ||
      ++findings.expansions > kMaxExpansions) {
    findings.MayWrite("has a policy or default that is not understood");
    findings.HideRelations("has a policy or default that is not understood");
    findings.taints = true;
    return;
  }
  ExamineQuery(tree.statements().front().node, stored, Access::kRead, findings);
}

}  // namespace pgbraid::sql
