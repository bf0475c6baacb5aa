#include "topology/bind_placement.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "topology/flag_error.h"
#include "topology/hash_placement.h"
#include "topology/key_parse.h"
#include "topology/list_placement.h"
#include "topology/range_placement.h"
#include "topology/time_placement.h"

namespace pgbraid::topology {
namespace {

constexpr std::string_view kFlag = "--tables";

// Binds one table; collects findings on the way.
class Binder {
 public:
  Binder(const DistributionSpec& spec, std::span<const KeyColumn> columns,
         int shard_count)
      : spec_(spec), columns_(columns), shard_count_(shard_count) {}

  StatusOr<std::shared_ptr<const Placement>> Bind() {
    std::shared_ptr<const Placement> placement;
    if (CheckColumns()) placement = Make();
    PGB_RETURN_IF_ERROR(JoinFindings(findings_));
    return placement;
  }

 private:
  bool CheckColumns() {
    if (columns_.size() != spec_.key_columns.size()) {
      Find("expected the types of " + std::to_string(spec_.key_columns.size()) +
           " key columns, not of " + std::to_string(columns_.size()));
      return false;
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const KeyColumn& column = columns_[i];
      std::string name = "key column " + spec_.key_columns[i];
      if (IsText(column.type) && !column.deterministic) {
        Find(name + " has a collation that is not deterministic");
      } else if (spec_.kind == DistributionKind::kRange &&
                 IsText(column.type) && !column.byte_order) {
        Find(name + " needs the collation \"C\" to be split by range");
      }
      if (spec_.kind == DistributionKind::kTime && !IsTemporal(column.type)) {
        Find(name + " is " + std::string(NameOf(column.type)) +
             "; time() needs date, timestamp or timestamptz");
      }
    }
    return findings_.empty();
  }

  std::shared_ptr<const Placement> Make() {
    switch (spec_.kind) {
      case DistributionKind::kHash:
        return std::make_shared<HashPlacement>(
            std::vector<KeyColumn>(columns_.begin(), columns_.end()),
            shard_count_);
      case DistributionKind::kList:
        return MakeList();
      case DistributionKind::kRange:
        return MakeRange();
      case DistributionKind::kTime:
        return std::make_shared<TimePlacement>(spec_.interval,
                                               columns_.front().type,
                                               shard_count_, spec_.null_shard);
      case DistributionKind::kReference:
      case DistributionKind::kSingle:
        return nullptr;
    }
    return nullptr;
  }

  std::shared_ptr<const Placement> MakeList() {
    std::vector<ListPlacement::Entry> entries;
    for (const ListEntry& entry : spec_.list) {
      for (const SpecValue& raw : entry.values) {
        std::optional<KeyValue> value = Read(raw);
        if (!value) continue;
        auto same = std::find_if(entries.begin(), entries.end(),
                                 [&](const ListPlacement::Entry& listed) {
                                   return listed.first == *value;
                                 });
        if (same != entries.end()) {
          FindAt(raw, "this value stands in the list twice");
        } else {
          entries.emplace_back(*std::move(value), entry.shard);
        }
      }
    }
    return std::make_shared<ListPlacement>(std::move(entries),
                                           spec_.default_shard,
                                           spec_.null_shard, shard_count_);
  }

  std::shared_ptr<const Placement> MakeRange() {
    std::vector<RangePlacement::Entry> entries;
    for (const RangeEntry& entry : spec_.range) {
      std::optional<KeyValue> bound = Read(entry.bound);
      if (!bound) continue;
      if (!entries.empty() && *bound <= entries.back().first) {
        FindAt(entry.bound, "expected a bound above the one before it");
      } else {
        entries.emplace_back(*std::move(bound), entry.shard);
      }
    }
    return std::make_shared<RangePlacement>(
        std::move(entries), spec_.default_shard, spec_.null_shard);
  }

  // The flag's text is UTF-8, and its times without offset are UTC.
  std::optional<KeyValue> Read(const SpecValue& raw) {
    const KeyColumn& column = columns_.front();
    ParsedKey parsed = FromTextParameter(column, OidOf(column.type), raw.text,
                                         {.utf8 = true, .utc = true});
    if (parsed.has_value()) return std::move(parsed.value);
    std::string type(NameOf(column.type));
    FindAt(raw,
           parsed.provable()
               ? "this value is out of the range of type " + type
               : "expected a value of type " + type + " in its canonical form");
    return std::nullopt;
  }

  void Find(std::string_view problem) {
    findings_.push_back(std::string(kFlag) + ": table " + spec_.schema + "." +
                        spec_.name + ": " + std::string(problem));
  }
  void FindAt(const SpecValue& raw, std::string_view problem) {
    findings_.push_back(FlagError(kFlag, raw.position, raw.text, problem));
  }

  const DistributionSpec& spec_;
  const std::span<const KeyColumn> columns_;
  const int shard_count_;
  std::vector<std::string> findings_;
};

}  // namespace

StatusOr<std::shared_ptr<const Placement>> BindPlacement(
    const DistributionSpec& spec, std::span<const KeyColumn> columns,
    int shard_count) {
  return Binder(spec, columns, shard_count).Bind();
}

}  // namespace pgbraid::topology
