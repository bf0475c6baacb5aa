#include "router/planner.h"

#include <string>
#include <utility>
#include <vector>

namespace pgbraid::router {
namespace {

using topology::KeyValue;
using topology::ParsedKey;
using topology::ShardSet;

Plan Refused(Status why) {
  Plan plan;
  plan.kind = Plan::Kind::kRefused;
  plan.refusal = std::move(why);
  return plan;
}

Plan Refused(std::string_view what, std::string_view why = {},
             std::string_view state = sqlstate::kFeatureNotSupported) {
  return Refused(SqlError(state, what, why));
}

bool IsLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// Whether one of the words that mean another instant on each shard stands in
// it: 'now', '12:00 today', '[yesterday,)'.
bool MayMeanNow(std::string_view value) {
  for (size_t at = 0; at < value.size(); ++at) {
    if (!IsLetter(value[at])) continue;
    std::string run;
    while (at < value.size() && IsLetter(value[at])) {
      run += static_cast<char>(value[at++] | 0x20);
    }
    if (run == "now" || run == "today" || run == "tomorrow" ||
        run == "yesterday") {
      return true;
    }
  }
  return false;
}

// Whether a parameter's bytes are a text, that is, may be read as a time.
bool IsTextParameter(const ExecutionValues& values, size_t parameter) {
  if (values.bind->FormatOf(parameter) == wire::kTextFormat) return true;
  const wire::Oid type = parameter < values.parameter_types.size()
                             ? values.parameter_types[parameter]
                             : 0;
  constexpr wire::Oid kName = 19, kText = 25, kUnknown = 705, kBpchar = 1042,
                      kVarchar = 1043;
  return type == 0 || type == kName || type == kText || type == kUnknown ||
         type == kBpchar || type == kVarchar;
}

bool AnyLiteralMayMeanNow(const ExecutionValues& values) {
  if (values.fingerprint != nullptr) {
    for (const sql::Literal& literal : values.fingerprint->literals) {
      if (!sql::IsString(literal.kind)) continue;
      if (literal.kind != sql::LiteralKind::kString) {
        auto decoded = sql::LiteralValue(values.text, literal, values.modes);
        if (!decoded || MayMeanNow(*decoded)) return true;
      } else if (MayMeanNow(sql::PlainValue(values.text, literal))) {
        return true;
      }
    }
  }
  if (values.bind != nullptr) {
    for (size_t i = 0; i < values.bind->values.size(); ++i) {
      if (values.bind->values[i] && IsTextParameter(values, i) &&
          MayMeanNow(*values.bind->values[i])) {
        return true;
      }
    }
  }
  return false;
}

// The shard of one row of an INSERT; OK with -1 is never given.
StatusOr<int> ShardOfRow(const InsertRoute& insert,
                         const std::vector<const sql::Operand*>& row,
                         const ExecutionValues& values) {
  const topology::TableDistribution& table = *insert.table;
  std::vector<KeyValue> key;
  for (size_t i = 0; i < row.size(); ++i) {
    bool is_null = false;
    ParsedKey parsed =
        ReadOperand(values, *row[i], table.key_types()[i], &is_null);
    if (is_null) {
      key.push_back(KeyValue::Null());
    } else if (parsed.has_value()) {
      key.push_back(std::move(parsed.value));
    } else if (parsed.never_equal()) {
      // No row can have it: PostgreSQL says so (22003), on any shard.
      return table.All().First();
    } else {
      return SqlError(
          sqlstate::kFeatureNotSupported,
          "the value of the key column \"" + table.key_columns()[i] +
              "\" cannot be told from the INSERT",
          "It is an expression, or not written in the column's canonical "
          "form.",
          "Give it as a plain constant or as a parameter of the column's "
          "type.");
    }
  }
  ShardSet set = table.ForEqual(key);
  if (set.empty()) {
    return SqlError(
        sqlstate::kCheckViolation,
        "no shard of table \"" + table.name() + "\" takes rows with this key",
        "The key's value is not covered by --tables.");
  }
  return set.First();
}

Plan PlanInsert(const InsertRoute& insert, const ExecutionValues& values) {
  int shard = -1;
  for (const auto& row : insert.rows) {
    StatusOr<int> found = ShardOfRow(insert, row, values);
    if (!found.ok()) return Refused(found.status());
    if (shard >= 0 && shard != *found) {
      return Refused(
          "an INSERT whose rows belong to several shards is not supported",
          "Insert the rows one by one.");
    }
    shard = *found;
  }
  Plan plan;
  plan.kind = Plan::Kind::kOneShard;
  plan.shards = ShardSet::Single(shard);
  return plan;
}

Plan PlanByKey(const StatementRoute& route, const topology::ShardMap& map,
               const ExecutionValues& values) {
  Plan plan;
  if (route.insert) {
    plan = PlanInsert(*route.insert, values);
    if (plan.refused()) return plan;
  }
  if (route.shard >= 0) plan.shards.Add(route.shard);
  for (const Pruner& pruner : route.pruners) {
    plan.shards |= pruner.Evaluate(values);
  }
  plan.reason = route.reason;
  int count = plan.shards.size();
  if (count == 0) {
    // No shard has such rows, so that each of them gives the right answer.
    plan.kind = Plan::Kind::kAnyShard;
    return plan;
  }
  if (count == 1) {
    plan.kind = Plan::Kind::kOneShard;
    return plan;
  }
  if (!route.scatters) {
    return Refused(
        route.several_reason + " over several shards is not supported",
        "It reaches " + std::to_string(count) + " of " +
            std::to_string(map.shard_count()) +
            " shards; give the key of each table.");
  }
  if (AnyLiteralMayMeanNow(values)) {
    return Refused(
        "a value that may mean the current time is not supported over several "
        "shards",
        "Each shard would read it at another instant.");
  }
  plan.kind = Plan::Kind::kScatter;
  return plan;
}

std::optional<pool::Consistency> ConsistencyOf(const sql::Hint& hint) {
  if (!hint.consistency) return std::nullopt;
  switch (*hint.consistency) {
    case sql::Hint::Consistency::kEventual:
      return pool::Consistency::kEventual;
    case sql::Hint::Consistency::kSession:
      return pool::Consistency::kSession;
    case sql::Hint::Consistency::kStrong:
      break;
  }
  return pool::Consistency::kStrong;
}

}  // namespace

Plan PlanStatement(const RoutedQuery& query, size_t place,
                   const ExecutionValues& values) {
  const StatementRoute& route = query.routes()[place];
  Plan plan;
  switch (route.kind) {
    case StatementRoute::Kind::kRefused:
      return Refused(route.refusal);
    case StatementRoute::Kind::kAnyShard:
      plan.kind = Plan::Kind::kAnyShard;
      break;
    case StatementRoute::Kind::kFixed:
      plan.kind = Plan::Kind::kOneShard;
      plan.shards.Add(route.shard);
      break;
    case StatementRoute::Kind::kByKey:
      plan = PlanByKey(route, query.map(), values);
      break;
  }
  plan.standby = plan.only_reads = route.standby && !plan.refused();
  plan.exports_snapshot = route.exports_snapshot;
  plan.consistency = ConsistencyOf(query.hint());
  plan.reason = route.reason;
  const sql::Statement& statement = query.statements()[place];
  plan.advances_sequence = statement.advances_sequence;
  plan.reads_sequence = statement.reads_sequence;
  plan.differs_in_recovery =
      statement.differs_in_recovery || statement.read_write;
  return plan;
}

Plan Combine(Plan first, const Plan& next) {
  if (first.refused()) return first;
  if (next.refused()) return next;
  if (first.kind == Plan::Kind::kScatter || next.kind == Plan::Kind::kScatter) {
    return Refused(
        "a statement over several shards together with others in one "
        "transaction is not supported",
        "Send it by itself.");
  }
  bool standby = first.standby && next.standby;
  first.advances_sequence |= next.advances_sequence;
  first.reads_sequence |= next.reads_sequence;
  first.differs_in_recovery |= next.differs_in_recovery;
  first.only_reads = first.only_reads && next.only_reads;
  if (first.kind == Plan::Kind::kAnyShard) {
    first.kind = next.kind;
    first.shards = next.shards;
    first.reason = next.reason;
  } else if (next.kind == Plan::Kind::kOneShard &&
             next.shards != first.shards) {
    return Refused(
        "statements on different shards in one transaction are not supported");
  }
  first.standby = standby;
  first.exports_snapshot |= next.exports_snapshot;
  if (!first.consistency) first.consistency = next.consistency;
  return first;
}

Plan PlanQuery(const RoutedQuery& query, const ExecutionValues& values) {
  Plan plan = PlanStatement(query, 0, values);
  for (size_t i = 1; i < query.statements().size(); ++i) {
    plan = Combine(std::move(plan), PlanStatement(query, i, values));
  }
  return plan;
}

}  // namespace pgbraid::router
