#include "sql/analysis.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sql/explain_route.h"
#include "sql/findings.h"
#include "sql/parse_tree.h"
#include "sql/statement_analyzer.h"

namespace pgbraid::sql {
namespace {

// A text of which nothing is known: the primary, on one shard.
Query Unknown(Kind kind, std::string_view text, std::string reason) {
  Query query;
  query.by_text = true;
  Statement statement;
  statement.kind = kind;
  statement.end = static_cast<uint32_t>(text.size());
  statement.primary_reason = reason;
  statement.unknown_reason = std::move(reason);
  statement.not_concatenable_reason = statement.unknown_reason;
  statement.taints = kind != Kind::kInvalid;
  query.statements.push_back(std::move(statement));
  return query;
}

Query Empty(std::string_view text) {
  Query query;
  Statement statement;
  statement.kind = Kind::kEmpty;
  statement.end = static_cast<uint32_t>(text.size());
  statement.standby_safe = true;
  statement.writes = false;
  statement.relations_known = true;
  query.statements.push_back(std::move(statement));
  return query;
}

// The grammar reads as under standard_conforming_strings = on and in an
// encoding whose bytes it can look at one by one.
bool ReadsAsWritten(const Fingerprint& fingerprint, LexerModes modes) {
  if (!modes.standard_conforming_strings && fingerprint.has_backslash) {
    return false;
  }
  return fingerprint.ok ||
         (modes.standard_conforming_strings && modes.ascii_safe_encoding);
}

uint16_t HighestParameter(const ParseTree& tree) {
  int highest = 0;
  for (const ParseTree::Raw& raw : tree.statements()) {
    tree::Walk(tree::Inside(raw.node), [&](const tree::Message& message) {
      if (const auto* parameter = tree::As<PgQuery__ParamRef>(&message)) {
        highest = std::max(highest, parameter->number);
      }
      return true;
    });
  }
  return static_cast<uint16_t>(std::clamp(highest, 0, 65535));
}

// A text of which PostgreSQL's grammar accepts nothing.
Query Invalid(std::string_view text, std::string error) {
  Query query = Unknown(Kind::kInvalid, text, "syntax error");
  query.parse_error = std::move(error);
  return query;
}

// What stands behind EXPLAIN (ROUTE) is told of, never run.
Query ExplainRoute(Query inside, std::string_view text, size_t begin) {
  if (inside.statements.front().kind == Kind::kInvalid) return inside;
  if (inside.statements.size() != 1) {
    return Invalid(text, "EXPLAIN (ROUTE) takes one statement");
  }
  if (inside.statements.front().kind == Kind::kEmpty) {
    return Invalid(text, "syntax error at end of input");
  }
  auto inner = std::make_unique<Statement>(std::move(inside.statements[0]));
  Statement outer;
  outer.kind = Kind::kExplainRoute;
  outer.begin = static_cast<uint32_t>(begin);
  outer.end = inner->end;
  outer.standby_safe = inner->standby_safe;
  outer.primary_reason = inner->primary_reason;
  outer.writes = false;
  outer.relations_known = inner->relations_known;
  outer.unknown_reason = inner->unknown_reason;
  outer.inner = std::move(inner);
  inside.statements[0] = std::move(outer);
  return inside;
}

Query AnalyzeStatements(std::string_view text, const Fingerprint& fingerprint,
                        const AnalysisInput& input) {
  if (!ReadsAsWritten(fingerprint, input.modes)) {
    return Unknown(Kind::kOther, text,
                   "the text cannot be read under the session's settings");
  }
  const ParseTree tree = ParseTree::Parse(text);
  if (tree.outcome() == ParseTree::Outcome::kSyntaxError) {
    return Invalid(text, tree.error());
  }
  if (tree.outcome() == ParseTree::Outcome::kTooLarge) {
    return Unknown(Kind::kOther, text, "the text is too large to be analysed");
  }
  if (tree.statements().empty()) return Empty(text);
  Source source;
  source.text = text;
  source.input = &input;
  if (fingerprint.ok) source.fingerprint = &fingerprint;
  if (input.catalog != nullptr) {
    source.path = input.catalog->EffectivePath(input.search_path, input.role);
  }
  Query query;
  query.by_text = !fingerprint.ok;
  query.parameter_count = HighestParameter(tree);
  for (const ParseTree::Raw& raw : tree.statements()) {
    query.statements.push_back(
        AnalyzeStatement(raw.node, raw.begin, raw.end, source, query.by_text));
  }
  return query;
}

}  // namespace

Query Analyze(std::string_view text, const Fingerprint& fingerprint,
              const AnalysisInput& input) {
  const std::optional<ExplainRoutePrefix> prefix =
      FindExplainRoute(text, input.modes);
  if (!prefix) return AnalyzeStatements(text, fingerprint, input);
  // Everything behind it keeps its place, and so do the literals' slots.
  std::string statement(text);
  std::fill_n(statement.begin(), prefix->end, ' ');
  return ExplainRoute(AnalyzeStatements(statement, fingerprint, input), text,
                      prefix->begin);
}

}  // namespace pgbraid::sql
