// How a statement's relations decide its route, where there are several shards.

#include <algorithm>
#include <string>
#include <utility>

#include "router/routed_query.h"

namespace pgbraid::router {
namespace {

using sql::Access;
using sql::Kind;
using sql::RelationRef;
using sql::Statement;
using topology::DistributionKind;
using topology::ShardMap;
using topology::TableDistribution;

constexpr std::string_view kHintText =
    "Name a shard in a leading comment, /* pgbraid: shard=NAME */, where "
    "--allow_hints is on.";

Status Refusal(std::string_view what, std::string_view why) {
  return SqlError(sqlstate::kFeatureNotSupported, what, why, kHintText);
}

StatementRoute Refuse(std::string_view what, std::string_view why) {
  StatementRoute route;
  route.kind = StatementRoute::Kind::kRefused;
  route.refusal = Refusal(what, why);
  route.reason = what;
  return route;
}

// Bounds the search upwards; inheritance is never that deep.
constexpr size_t kMaxAncestors = 1000;

bool Writes(Access access) {
  return access != Access::kRead && access != Access::kLockRows;
}

std::string Name(const RelationRef& relation) {
  return relation.schema.empty() ? relation.name
                                 : relation.schema + "." + relation.name;
}

bool Contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// Statements that concern the session or its transaction, not any table: they
// run wherever the session is.
bool FollowsTheSession(Kind kind) {
  switch (kind) {
    case Kind::kEmpty:
    case Kind::kBegin:
    case Kind::kCommit:
    case Kind::kRollback:
    case Kind::kSavepoint:
    case Kind::kRelease:
    case Kind::kRollbackTo:
    case Kind::kSetTransaction:
    case Kind::kSet:
    case Kind::kShow:
    case Kind::kDiscard:
    case Kind::kDeallocate:
    case Kind::kPrepare:
    case Kind::kFetch:
    case Kind::kClosePortal:
    case Kind::kUnlisten:
    case Kind::kListen:
    case Kind::kNotify:
      return true;
    default:
      return false;
  }
}

// Builds the route of one statement from its relations.
class RouteBuilder {
 public:
  RouteBuilder(const Statement& statement, const ShardMap& map,
               const sql::Catalog* catalog, std::string_view parse_error)
      : statement_(statement),
        map_(map),
        catalog_(catalog),
        parse_error_(parse_error) {}

  StatementRoute Build() {
    if (FollowsTheSession(statement_.kind)) {
      StatementRoute route;
      route.reason = "it concerns the session, wherever that is";
      return route;
    }
    if (statement_.kind == Kind::kInvalid) {
      // The grammar is PostgreSQL's own, and so are its words.
      StatementRoute route = Refuse(
          "the statement cannot be parsed, so its shard is not known", "");
      route.refusal =
          SqlError(sqlstate::kSyntaxError, parse_error_, "", kHintText);
      return route;
    }
    StatementRoute early = RefuseByKind();
    if (early.kind == StatementRoute::Kind::kRefused) return early;
    for (const RelationRef& relation : statement_.relations) {
      Status status = AddRelation(relation);
      if (!status.ok()) {
        StatementRoute route;
        route.kind = StatementRoute::Kind::kRefused;
        route.reason = MessageOf(status);
        route.refusal = std::move(status);
        return route;
      }
    }
    return Finish();
  }

 private:
  StatementRoute RefuseByKind() const {
    if (!statement_.relations_known) {
      return Refuse("which shards this statement reaches is not known",
                    statement_.unknown_reason.empty()
                        ? std::string()
                        : "Reason: " + statement_.unknown_reason + ".");
    }
    switch (statement_.kind) {
      case Kind::kExecute:
        return Refuse("the prepared statement is not known", "");
      case Kind::kPrepareTransaction:
      case Kind::kCommitPrepared:
      case Kind::kRollbackPrepared:
        return Refuse(
            "two-phase commit by the client over several shards is not "
            "supported",
            "");
      case Kind::kDdl:
      case Kind::kMaintenance:
      case Kind::kLoad:
        if (statement_.relations.empty()) {
          return Refuse(
              "a command that concerns every shard is not supported without a "
              "shard",
              "It changes objects that all shards must have alike.");
        }
        return {};
      default:
        return {};
    }
  }

  Status AddRelation(const RelationRef& relation) {
    bool writes = Writes(relation.access);
    const sql::Relation* known = catalog_ != nullptr && relation.oid != 0
                                     ? catalog_->FindRelation(relation.oid)
                                     : nullptr;
    if (writes && known != nullptr && relation.access != Access::kWhole &&
        HasTriggersOrRules(*known)) {
      return Refusal("writing to \"" + Name(relation) +
                         "\" over several shards is not supported",
                     "It has triggers or rules, which may reach other tables.");
    }
    const TableDistribution* table = FindDistribution(relation, known);
    if (table == nullptr) {
      if (known != nullptr) PGB_RETURN_IF_ERROR(CheckDescendants(*known));
      return AddFixed(map_.UnlistedShard(), relation);
    }
    if (table->kind() == DistributionKind::kSingle) {
      return AddFixed(table->spec().single_shard, relation);
    }
    if (relation.through_view) {
      return Refusal("a view over the table \"" + Name(relation) +
                         "\" is not supported over several shards",
                     "The table is split or copied over the shards.");
    }
    if (table->kind() == DistributionKind::kReference) {
      if (writes || relation.access == Access::kLockRows) {
        return Refusal("writing to the reference table \"" + Name(relation) +
                           "\" is not supported",
                       "Each shard has a copy of it, and all of them would "
                       "have to change in one atomic transaction.");
      }
      reads_reference_ = true;
      return OkStatus();
    }
    return AddKeyed(*table, relation, known);
  }

  // A partition (or an inheriting table) that the map does not list holds a
  // part of the listed table's rows, on the same shards.
  const TableDistribution* FindDistribution(const RelationRef& relation,
                                            const sql::Relation* known) const {
    const TableDistribution* table =
        map_.FindTable(relation.schema, relation.name);
    if (table != nullptr || known == nullptr) return table;
    std::vector<const sql::Relation*> above = {known};
    for (size_t i = 0; i < above.size() && i < kMaxAncestors; ++i) {
      for (sql::Oid oid : above[i]->parents) {
        const sql::Relation* parent = catalog_->FindRelation(oid);
        if (parent == nullptr) continue;
        table = map_.FindTable(parent->schema, parent->name);
        if (table != nullptr) return table;
        above.push_back(parent);
      }
    }
    return nullptr;
  }

  // A table on the first shard whose partitions are split would show a part of
  // its rows only.
  Status CheckDescendants(const sql::Relation& relation) const {
    for (const sql::Relation* each : catalog_->WithDescendants(relation)) {
      const TableDistribution* table = map_.FindTable(each->schema, each->name);
      if (table == nullptr ||
          (table->kind() == DistributionKind::kSingle &&
           table->spec().single_shard == map_.UnlistedShard())) {
        continue;
      }
      return Refusal("the table \"" + relation.schema + "." + relation.name +
                         "\" is not supported over several shards",
                     "Its partition or child \"" + each->schema + "." +
                         each->name + "\" is listed in --tables, it is not.");
    }
    return OkStatus();
  }

  // Partitions have their own.
  bool HasTriggersOrRules(const sql::Relation& relation) const {
    for (const sql::Relation* each : catalog_->WithDescendants(relation)) {
      if (each->has_triggers || each->has_rules) return true;
    }
    return false;
  }

  Status AddFixed(int shard, const RelationRef& relation) {
    if (fixed_ >= 0 && fixed_ != shard) {
      return Refusal(
          "tables of different shards in one statement are not supported",
          "\"" + fixed_name_ + "\" is on shard " + map_.shards()[fixed_].name +
              ", \"" + Name(relation) + "\" on shard " +
              map_.shards()[shard].name + ".");
    }
    fixed_ = shard;
    fixed_name_ = Name(relation);
    return OkStatus();
  }

  Status AddKeyed(const TableDistribution& table, const RelationRef& relation,
                  const sql::Relation* known) {
    keyed_name_ = Name(relation);
    if (statement_.reads_system_columns) {
      return Refusal("system columns of the table \"" + keyed_name_ +
                         "\" are not supported over several shards",
                     "They mean something on one shard only.");
    }
    switch (relation.access) {
      case Access::kInsert:
        return AddInsert(table, relation, known);
      case Access::kUpdate:
        for (const std::string& key : table.key_columns()) {
          if (Contains(statement_.updated_columns, key)) {
            return Refusal("changing the key column \"" + key + "\" of \"" +
                               keyed_name_ + "\" is not supported",
                           "The row may have to move to another shard.");
          }
        }
        break;
      case Access::kWhole:
        return Refusal("this command on the table \"" + keyed_name_ +
                           "\" is not supported over several shards",
                       "The table is split over the shards.");
      default:
        break;
    }
    route_.pruners.emplace_back(&table, relation.condition);
    return OkStatus();
  }

  Status AddInsert(const TableDistribution& table, const RelationRef& relation,
                   const sql::Relation* known) {
    const sql::InsertShape& insert = statement_.insert;
    if (statement_.kind != Kind::kInsert || insert.rows.empty()) {
      return Refusal(
          "this form of INSERT into the table \"" + keyed_name_ +
              "\" is not supported over several shards",
          "Only INSERT ... VALUES is, where the values of the key are given.");
    }
    if (!table.bound()) {
      return Refusal("the table \"" + keyed_name_ +
                         "\" does not exist, or its key is not known yet",
                     "");
    }
    for (const std::string& key : table.key_columns()) {
      if (Contains(insert.conflict_set, key)) {
        return Refusal("changing the key column \"" + key + "\" of \"" +
                           keyed_name_ + "\" is not supported",
                       "The row may have to move to another shard.");
      }
    }
    if (known == nullptr) {
      return Refusal("the table \"" + keyed_name_ + "\" is not known yet", "");
    }
    PGB_RETURN_IF_ERROR(CheckDefaults(*known, relation));
    InsertRoute route;
    route.table = &table;
    for (const auto& row : insert.rows) {
      auto& keys = route.rows.emplace_back();
      for (const std::string& key : table.key_columns()) {
        auto found =
            std::find(insert.columns.begin(), insert.columns.end(), key);
        size_t at = static_cast<size_t>(found - insert.columns.begin());
        if (found == insert.columns.end() || at >= row.size()) {
          return Refusal("INSERT into \"" + keyed_name_ +
                             "\" does not give the key column \"" + key + "\"",
                         "Which shard the row belongs to is not known.");
        }
        keys.push_back(&row[at]);
      }
    }
    route_.insert = std::move(route);
    return OkStatus();
  }

  // A default that counts (serial, identity) counts on each shard alone.
  Status CheckDefaults(const sql::Relation& known,
                       const RelationRef& relation) const {
    const sql::InsertShape& insert = statement_.insert;
    for (const sql::Column& column : known.columns) {
      bool counts = column.identity != 0 || column.default_expression.find(
                                                "nextval") != std::string::npos;
      if (!counts) continue;
      auto found =
          std::find(insert.columns.begin(), insert.columns.end(), column.name);
      bool given = found != insert.columns.end();
      size_t at = static_cast<size_t>(found - insert.columns.begin());
      for (const auto& row : insert.rows) {
        if (given && at < row.size() &&
            row[at].kind != sql::Operand::Kind::kDefault) {
          continue;
        }
        return Refusal("INSERT into \"" + Name(relation) +
                           "\" does not give the column \"" + column.name +
                           "\"",
                       "Its default is a sequence, which each shard counts "
                       "for itself.");
      }
    }
    return OkStatus();
  }

  StatementRoute Finish() {
    bool keyed = !route_.pruners.empty() || route_.insert.has_value();
    route_.shard = fixed_;
    if (keyed) {
      route_.kind = StatementRoute::Kind::kByKey;
      bool pruned = route_.insert.has_value();
      for (const Pruner& pruner : route_.pruners) pruned |= pruner.prunes();
      route_.reason = "by the key of " + keyed_name_;
      DecideSeveral();
      if (!pruned && route_.scatters) {
        route_.reason = "all shards of " + keyed_name_;
      }
    } else if (fixed_ >= 0) {
      route_.kind = StatementRoute::Kind::kFixed;
      route_.reason = fixed_name_ + " is on this shard";
    } else if (reads_reference_) {
      route_.reason = "reference tables only";
    } else if (statement_.standby_safe || statement_.kind == Kind::kSelect) {
      FinishWithoutTables();
    } else {
      route_.kind = StatementRoute::Kind::kFixed;
      route_.shard = map_.UnlistedShard();
      route_.reason = "no table decides: the first shard";
    }
    return std::move(route_);
  }

  // Sequences, advisory locks and the like have one home.
  void FinishWithoutTables() {
    if (statement_.only_notifies) {
      route_.reason = "it notifies: every shard is listened to";
      return;
    }
    if (statement_.standby_safe) {
      route_.reason = "no table: any shard";
      return;
    }
    route_.kind = StatementRoute::Kind::kFixed;
    route_.shard = map_.UnlistedShard();
    route_.reason = "no table decides: the first shard";
  }

  void DecideSeveral() {
    if (route_.insert) {
      route_.several_reason = "an INSERT of rows";
      return;
    }
    if (statement_.kind != Kind::kSelect) {
      route_.several_reason = "a statement of this kind";
      return;
    }
    if (!statement_.concatenable || route_.pruners.size() != 1 || fixed_ >= 0 ||
        reads_reference_) {
      route_.several_reason = statement_.not_concatenable_reason.empty()
                                  ? "this form of SELECT"
                                  : statement_.not_concatenable_reason;
      return;
    }
    route_.scatters = true;
  }

  const Statement& statement_;
  const ShardMap& map_;
  const sql::Catalog* const catalog_;
  const std::string_view parse_error_;
  StatementRoute route_;
  int fixed_ = -1;
  std::string fixed_name_;
  std::string keyed_name_;
  bool reads_reference_ = false;
};

}  // namespace

StatementRoute MakeStatementRoute(const Statement& statement,
                                  const ShardMap& map,
                                  const sql::Catalog* catalog,
                                  std::string_view parse_error) {
  bool wraps = statement.kind == Kind::kExplain ||
               statement.kind == Kind::kDeclareCursor ||
               statement.kind == Kind::kExplainRoute;
  if (wraps && statement.inner != nullptr && map.shard_count() > 1) {
    StatementRoute route =
        MakeStatementRoute(*statement.inner, map, catalog, parse_error);
    if (statement.kind != Kind::kExplainRoute) {
      route.scatters = false;
      route.several_reason =
          statement.kind == Kind::kExplain ? "EXPLAIN" : "a cursor";
      route.standby = statement.standby_safe;
    }
    return route;
  }
  StatementRoute route;
  if (map.shard_count() == 1) {
    route.kind = StatementRoute::Kind::kFixed;
    route.shard = 0;
    route.reason = "there is one shard";
  } else {
    route = RouteBuilder(statement, map, catalog, parse_error).Build();
  }
  route.standby = statement.standby_safe;
  if (!statement.standby_safe && !statement.primary_reason.empty()) {
    route.reason += "; primary: " + statement.primary_reason;
  }
  return route;
}

}  // namespace pgbraid::router
