#include "router/routed_query.h"

#include <charconv>
#include <utility>

#include "sql/code.h"
#include "sql/lexer.h"

namespace pgbraid::router {
namespace {

// Which parameters stand in the text once: only those surely get their type
// from the place where they stand.
std::vector<bool> ParametersUsedOnce(std::string_view text, size_t count) {
  std::vector<int> uses(count, 0);
  sql::Lexer lexer(text, sql::LexerModes());
  for (;;) {
    sql::Token token = lexer.Next();
    if (token.kind == sql::TokenKind::kEnd) break;
    if (token.kind == sql::TokenKind::kMalformed) return {};
    if (token.kind != sql::TokenKind::kParam) continue;
    std::string_view number = token.Text(text).substr(1);
    size_t index = 0;
    std::from_chars(number.data(), number.data() + number.size(), index);
    if (index >= 1 && index <= count) ++uses[index - 1];
  }
  std::vector<bool> once;
  once.reserve(count);
  for (int n : uses) once.push_back(n == 1);
  return once;
}

}  // namespace

std::shared_ptr<const RoutedQuery> RoutedQuery::Make(
    sql::Query query, std::string_view text,
    std::shared_ptr<const topology::ShardMap> map, const sql::Catalog* catalog,
    const sql::Hint& hint) {
  std::shared_ptr<RoutedQuery> routed(new RoutedQuery());
  routed->query_ = std::move(query);
  routed->map_ = std::move(map);
  routed->hint_ = hint;
  routed->used_once_ = ParametersUsedOnce(text, routed->query_.parameter_count);
  for (const sql::Statement& statement : routed->query_.statements) {
    routed->names_custom_settings_ |= !statement.custom_settings.empty();
    routed->listens_ |= statement.kind == sql::Kind::kListen;
    routed->reads_channels_ |= statement.reads_channels || statement.unlistens;
    routed->unlistens_ |= statement.unlistens;
    StatementRoute route;
    if (hint.shard) {
      std::optional<int> shard = routed->map_->FindShard(*hint.shard);
      if (shard) {
        route.kind = StatementRoute::Kind::kFixed;
        route.shard = *shard;
        route.standby = statement.standby_safe;
        route.reason = "a hint names this shard";
      } else {
        route.kind = StatementRoute::Kind::kRefused;
        route.refusal = SqlError(sqlstate::kInvalidParameterValue,
                                 "hint names the shard \"" + *hint.shard +
                                     "\", which does not exist");
      }
    } else {
      route = MakeStatementRoute(statement, *routed->map_, catalog,
                                 routed->query_.parse_error);
    }
    route.exports_snapshot = statement.exports_snapshot;
    if (hint.primary) {
      route.standby = false;
      route.reason += "; a hint asks for the primary";
    }
    routed->routes_.push_back(std::move(route));
  }
  return routed;
}

size_t RoutedQuery::HeapBytes() const {
  size_t bytes = sizeof(RoutedQuery);
  for (const sql::Statement& statement : query_.statements) {
    bytes += sizeof(sql::Statement) + sizeof(StatementRoute);
    if (statement.code != nullptr) bytes += statement.code->HeapBytes();
    bytes += statement.relations.size() * sizeof(sql::RelationRef) * 2;
    for (const auto& row : statement.insert.rows) {
      bytes += row.size() * sizeof(sql::Operand);
    }
  }
  return bytes;
}

}  // namespace pgbraid::router
