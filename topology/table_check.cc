#include "topology/table_check.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace pgbraid::topology {
namespace {

const ColumnFacts* FindColumn(const TableFacts& table, std::string_view name) {
  auto found =
      std::find_if(table.columns.begin(), table.columns.end(),
                   [&](const ColumnFacts& c) { return c.name == name; });
  return found == table.columns.end() ? nullptr : &*found;
}

bool SameKeyColumn(const ColumnFacts& a, const ColumnFacts& b) {
  return a.type_oid == b.type_oid && a.typmod == b.typmod &&
         a.deterministic == b.deterministic && a.byte_order == b.byte_order;
}

bool SameColumns(const TableFacts& a, const TableFacts& b) {
  return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(),
                    b.columns.end(),
                    [](const ColumnFacts& x, const ColumnFacts& y) {
                      return x.name == y.name && x.type_name == y.type_name &&
                             x.typmod == y.typmod;
                    });
}

class TableChecker {
 public:
  TableChecker(const TableDistribution& table,
               const std::vector<TableOnShard>& shards,
               std::vector<Finding>* findings)
      : table_(table), shards_(shards), findings_(findings) {
    for (const TableOnShard& shard : shards) {
      if (shard.table != nullptr) present_.push_back(&shard);
    }
  }

  std::optional<TableDistribution> Check() {
    CheckPresence();
    if (present_.empty()) return std::nullopt;
    std::optional<TableDistribution> bound = CheckKey();
    if (table_.shard_count() == 1 || table_.kind() == DistributionKind::kSingle)
      return bound;
    CheckSameColumns();
    for (const ColumnFacts& column : First().columns) CheckColumn(column);
    ForEachOnce(&TableFacts::uniques, &TableChecker::CheckUnique);
    ForEachOnce(&TableFacts::triggers, &TableChecker::CheckTrigger);
    return bound;
  }

 private:
  const TableFacts& First() const { return *present_.front()->table; }

  void CheckPresence() {
    if (present_.empty()) return Warn("does not exist on any shard yet");
    for (const TableOnShard& shard : shards_) {
      if (shard.table == nullptr) {
        Warn("does not exist on shard " + shard.shard);
      }
    }
  }

  std::optional<TableDistribution> CheckKey() {
    std::vector<KeyColumn> columns;
    for (const std::string& name : table_.key_columns()) {
      std::optional<KeyColumn> column = CheckKeyColumn(name);
      if (column) columns.push_back(*column);
    }
    if (columns.size() != table_.key_columns().size()) return std::nullopt;
    StatusOr<TableDistribution> bound = table_.Bind(columns);
    if (bound.ok()) return *std::move(bound);
    std::istringstream lines(MessageOf(bound.status()));
    for (std::string line; std::getline(lines, line);) {
      findings_->push_back({Finding::Severity::kError, line});
    }
    return std::nullopt;
  }

  // The column's type, if it is a key's and the same on all shards.
  std::optional<KeyColumn> CheckKeyColumn(const std::string& name) {
    const TableOnShard* reference = nullptr;
    const ColumnFacts* column = nullptr;
    bool same = true;
    for (const TableOnShard* shard : present_) {
      const ColumnFacts* here = FindColumn(*shard->table, name);
      if (here == nullptr) {
        Fail("has no column " + name + " on shard " + shard->shard);
        same = false;
      } else if (column == nullptr) {
        column = here;
        reference = shard;
      } else if (!SameKeyColumn(*column, *here)) {
        Fail("key column " + name + " is " + column->type_name + " on shard " +
             reference->shard + " but " + here->type_name + " on shard " +
             shard->shard +
             (column->type_name == here->type_name
                  ? ", with another length, precision or collation"
                  : ""));
        same = false;
      }
    }
    if (column == nullptr) return std::nullopt;
    std::optional<KeyType> type = KeyTypeFromOid(column->type_oid);
    if (!type) {
      Fail("key column " + name + " is " + column->type_name +
           "; expected int2, int4, int8, text, varchar, uuid, date, timestamp "
           "or timestamptz");
      return std::nullopt;
    }
    if (!same) return std::nullopt;
    return KeyColumn{*type, column->typmod, column->deterministic,
                     column->byte_order};
  }

  void CheckSameColumns() {
    for (const TableOnShard* shard : present_) {
      if (!SameColumns(First(), *shard->table)) {
        Warn("has other columns on shard " + shard->shard + " than on shard " +
             present_.front()->shard);
      }
    }
  }

  void CheckColumn(const ColumnFacts& column) {
    if (column.from_sequence) {
      Warn("column " + column.name +
           " takes its default from a sequence of each shard: INSERTs that "
           "use the default are refused");
    }
    const std::vector<std::string>& key = table_.key_columns();
    if (column.generated &&
        std::find(key.begin(), key.end(), column.name) != key.end()) {
      Warn("key column " + column.name +
           " is generated: INSERTs are refused, since the text does not say "
           "its value");
    }
  }

  void CheckUnique(const UniqueFacts& unique) {
    for (const std::string& name : table_.key_columns()) {
      if (std::find(unique.columns.begin(), unique.columns.end(), name) ==
          unique.columns.end()) {
        Fail("constraint " + unique.name + " does not contain the key column " +
             name + ": it could not be kept over several shards");
        return;
      }
    }
  }

  void CheckTrigger(const TriggerFacts& trigger) {
    if (trigger.changes_rows && !table_.key_columns().empty()) {
      Warn("trigger or rule " + trigger.name +
           " may change a row's key on its way in: writes are refused without "
           "a hint");
    } else {
      Warn("trigger or rule " + trigger.name +
           " sees one shard's rows only: writes are refused without a hint");
    }
  }

  // Calls `check` with each element of the list in any shard's table, once for
  // each name.
  template <class T>
  void ForEachOnce(std::vector<T> TableFacts::*list,
                   void (TableChecker::*check)(const T&)) {
    std::vector<std::string_view> seen;
    for (const TableOnShard* shard : present_) {
      for (const T& element : shard->table->*list) {
        if (std::find(seen.begin(), seen.end(), element.name) != seen.end())
          continue;
        seen.push_back(element.name);
        (this->*check)(element);
      }
    }
  }

  void Fail(std::string_view what) { Add(Finding::Severity::kError, what); }
  void Warn(std::string_view what) { Add(Finding::Severity::kWarning, what); }
  void Add(Finding::Severity severity, std::string_view what) {
    findings_->push_back({severity, "table " + table_.schema() + "." +
                                        table_.name() + ": " +
                                        std::string(what)});
  }

  const TableDistribution& table_;
  const std::vector<TableOnShard>& shards_;
  std::vector<Finding>* const findings_;
  std::vector<const TableOnShard*> present_;
};

}  // namespace

std::optional<TableDistribution> CheckTable(
    const TableDistribution& table, const std::vector<TableOnShard>& shards,
    std::vector<Finding>* findings) {
  return TableChecker(table, shards, findings).Check();
}

}  // namespace pgbraid::topology
