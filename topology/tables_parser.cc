#include "topology/tables_parser.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "topology/flag_scanner.h"

namespace pgbraid::topology {
namespace {

using Unit = TimeInterval::Unit;

class TablesParser {
 public:
  TablesParser(std::string_view text, const std::vector<Shard>& shards,
               bool shards_complete)
      : scan_("--tables", text),
        shards_(shards),
        shards_complete_(shards_complete) {}

  ParsedTables Parse() {
    if (!scan_.AtEnd()) {
      do {
        if (!ParseTable()) scan_.SkipTo(",");
      } while (scan_.Take(','));
    }
    parsed_.errors = scan_.errors();
    return std::move(parsed_);
  }

 private:
  // False after an error that leaves the place in the text uncertain.
  bool ParseTable() {
    size_t place = scan_.NextPlace();
    spec_ = DistributionSpec();
    if (!ParseTableName()) return false;
    CheckTableName(place);
    if (!scan_.Take(':')) return Fail("expected ':' after the table's name");
    if (!ParseKind()) return false;
    parsed_.tables.push_back(std::move(spec_));
    if (scan_.AtEnd() || scan_.Peek() == ',') return true;
    return Fail("expected ',' and a table");
  }

  bool ParseTableName() {
    std::optional<std::string> name =
        scan_.TakeName("expected a table: name:kind");
    if (!name) return false;
    spec_.schema = "public";
    if (scan_.Take('.')) {
      spec_.schema = *std::move(name);
      name = scan_.TakeName("expected a table's name after the schema");
      if (!name) return false;
    }
    spec_.name = *std::move(name);
    return true;
  }

  void CheckTableName(size_t place) {
    for (const DistributionSpec& other : parsed_.tables) {
      if (other.schema == spec_.schema && other.name == spec_.name) {
        scan_.AddError(place, "this table is listed twice");
        return;
      }
    }
  }

  bool ParseKind() {
    size_t place = scan_.NextPlace();
    std::string_view kind = scan_.TakeWord();
    if (kind == "reference") {
      spec_.kind = DistributionKind::kReference;
      return true;
    }
    bool (TablesParser::*parse)() = nullptr;
    if (kind == "hash") parse = &TablesParser::ParseHash;
    if (kind == "list") parse = &TablesParser::ParseList;
    if (kind == "range") parse = &TablesParser::ParseRange;
    if (kind == "time") parse = &TablesParser::ParseTime;
    if (kind == "shard") parse = &TablesParser::ParseSingle;
    if (parse == nullptr) {
      scan_.AddError(place,
                     "expected hash(...), list(...), range(...), time(...), "
                     "reference or shard(name)");
      return false;
    }
    if (!scan_.Take('(')) return Fail("expected '('");
    if (!(this->*parse)()) return false;
    return scan_.Take(')') || Fail("expected ')'");
  }

  bool ParseHash() {
    spec_.kind = DistributionKind::kHash;
    do {
      if (!ParseColumn()) return false;
    } while (scan_.Take(','));
    return true;
  }

  bool ParseSingle() {
    spec_.kind = DistributionKind::kSingle;
    std::optional<int> shard = ParseShardName();
    spec_.single_shard = shard.value_or(0);
    return shard.has_value();
  }

  bool ParseTime() {
    spec_.kind = DistributionKind::kTime;
    if (!ParseColumn()) return false;
    if (!scan_.Take(',')) {
      return Fail("expected ',' and an interval such as 1 month");
    }
    if (!ParseInterval()) return false;
    if (!scan_.Take(';')) return true;
    if (!scan_.TakeKeyword("null")) return Fail("expected null = shard");
    return ParseSpecialShard(&spec_.null_shard);
  }

  bool ParseInterval() {
    size_t place = scan_.NextPlace();
    std::string_view number = scan_.TakeWord();
    std::string_view unit = number;
    if (!number.empty() && number[0] >= '0' && number[0] <= '9') {
      const char* end = number.data() + number.size();
      auto [rest, error] =
          std::from_chars(number.data(), end, spec_.interval.count);
      if (error != std::errc() || rest != end || spec_.interval.count < 1 ||
          spec_.interval.count > TimeInterval::kMaxCount) {
        scan_.AddError(place, "expected a number from 1 to 10000");
        return false;
      }
      place = scan_.NextPlace();
      unit = scan_.TakeWord();
    }
    if (unit.size() > 1 && unit.back() == 's') unit.remove_suffix(1);
    constexpr std::pair<std::string_view, Unit> kUnits[] = {
        {"day", Unit::kDay},
        {"week", Unit::kWeek},
        {"month", Unit::kMonth},
        {"year", Unit::kYear}};
    for (const auto& [name, value] : kUnits) {
      if (unit == name) {
        spec_.interval.unit = value;
        return true;
      }
    }
    scan_.AddError(place, "expected day, week, month or year");
    return false;
  }

  bool ParseList() {
    spec_.kind = DistributionKind::kList;
    if (!ParseColumn()) return false;
    if (scan_.Peek() != ';') return Fail("expected ';' and values = shard");
    while (scan_.Take(';')) {
      if (scan_.TakeKeyword("default")) {
        if (!ParseSpecialShard(&spec_.default_shard)) return false;
      } else if (scan_.TakeKeyword("null")) {
        if (!ParseSpecialShard(&spec_.null_shard)) return false;
      } else if (!ParseListEntry()) {
        return false;
      }
    }
    return true;
  }

  bool ParseListEntry() {
    ListEntry entry;
    do {
      std::optional<SpecValue> value =
          ParseValue("expected a value, null or default");
      if (!value) return false;
      entry.values.push_back(*std::move(value));
    } while (scan_.Take(','));
    std::optional<int> shard = ParseEqualsShard();
    if (!shard) return false;
    entry.shard = *shard;
    spec_.list.push_back(std::move(entry));
    return true;
  }

  bool ParseRange() {
    spec_.kind = DistributionKind::kRange;
    if (!ParseColumn()) return false;
    if (scan_.Peek() != ';') return Fail("expected ';' and < value = shard");
    while (scan_.Take(';')) {
      size_t place = scan_.NextPlace();
      if (scan_.Take('*')) {
        if (!ParseSpecialShard(&spec_.default_shard)) return false;
      } else if (scan_.TakeKeyword("null")) {
        if (!ParseSpecialShard(&spec_.null_shard)) return false;
      } else if (!scan_.Take('<')) {
        return Fail("expected < value, * or null");
      } else {
        if (spec_.default_shard) {
          scan_.AddError(place, "expected no bound after *");
        }
        if (!ParseRangeEntry()) return false;
      }
    }
    return true;
  }

  bool ParseRangeEntry() {
    std::optional<SpecValue> bound = ParseValue("expected a value after <");
    if (!bound) return false;
    std::optional<int> shard = ParseEqualsShard();
    if (!shard) return false;
    spec_.range.push_back({*std::move(bound), *shard});
    return true;
  }

  // '= shard' after default, * or null, which may each stand once.
  bool ParseSpecialShard(std::optional<int>* target) {
    size_t place = scan_.NextPlace();
    std::optional<int> shard = ParseEqualsShard();
    if (!shard) return false;
    if (target->has_value()) {
      scan_.AddError(place, "this has a shard already");
    }
    *target = shard;
    return true;
  }

  std::optional<int> ParseEqualsShard() {
    if (!scan_.Take('=')) {
      Fail("expected '=' and a shard");
      return std::nullopt;
    }
    return ParseShardName();
  }

  // Shard 0 in place of one that does not exist, with an error: the rest of
  // the table can still be read.
  std::optional<int> ParseShardName() {
    size_t place = scan_.NextPlace();
    std::string_view name = scan_.TakeWord("-");
    if (name.empty()) {
      scan_.AddError(place, "expected a shard's name");
      return std::nullopt;
    }
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i].name == name) return static_cast<int>(i);
    }
    if (shards_complete_) {
      std::string names;
      for (const Shard& shard : shards_) {
        names += (names.empty() ? "" : ", ") + shard.name;
      }
      scan_.AddError(place, "expected one of the shards " + names);
    }
    return 0;
  }

  bool ParseColumn() {
    size_t place = scan_.NextPlace();
    std::optional<std::string> column = scan_.TakeName("expected a column");
    if (!column) return false;
    std::vector<std::string>& columns = spec_.key_columns;
    if (std::find(columns.begin(), columns.end(), *column) != columns.end()) {
      scan_.AddError(place, "this column stands in the key twice");
    }
    columns.push_back(*std::move(column));
    return true;
  }

  std::optional<SpecValue> ParseValue(std::string_view expected) {
    size_t place = scan_.NextPlace();
    SpecValue value;
    value.position = scan_.CharacterAt(place);
    if (scan_.Peek() == '\'') {
      std::optional<std::string> text = scan_.TakeQuoted('\'');
      if (!text) return std::nullopt;
      value.text = *std::move(text);
      return value;
    }
    char first = scan_.Peek();
    if ((first >= '0' && first <= '9') || first == '-' || first == '+') {
      value.text = scan_.TakeWord("+-.:");
      return value;
    }
    scan_.AddError(place, expected);
    return std::nullopt;
  }

  bool Fail(std::string_view problem) {
    scan_.AddErrorHere(problem);
    return false;
  }

  FlagScanner scan_;
  const std::vector<Shard>& shards_;
  const bool shards_complete_;
  DistributionSpec spec_;  // the table being read
  ParsedTables parsed_;
};

}  // namespace

ParsedTables ParseTables(std::string_view text,
                         const std::vector<Shard>& shards,
                         bool shards_complete) {
  return TablesParser(text, shards, shards_complete).Parse();
}

}  // namespace pgbraid::topology
