#include "pool/environment.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace pgbraid::pool {
namespace {

bool IsRoleSetting(std::string_view name) {
  return name == "role" || name == "session_authorization";
}

// Ordinary settings by name, then the session's user, then its role: the order
// in which they have to be applied.
int Rank(const Setting& setting) {
  if (setting.name == "session_authorization") return 1;
  if (setting.name == "role") return 2;
  return 0;
}

bool Before(const Setting& a, const Setting& b) {
  return std::pair(Rank(a), std::string_view(a.name)) <
         std::pair(Rank(b), std::string_view(b.name));
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return lower;
}

bool MeansOff(std::string_view value) {
  std::string v = Lower(value);
  return v == "off" || v == "false" || v == "no" || v == "0" || v == "f" ||
         v == "n" || v == "of" || v == "fa" || v == "fal" || v == "fals";
}

bool MeansOn(std::string_view value) {
  std::string v = Lower(value);
  return v == "on" || v == "true" || v == "yes" || v == "1" || v == "t" ||
         v == "y";
}

bool IsAsciiSafeEncoding(std::string_view value) {
  std::string v;
  for (char c : Lower(value)) {
    if (std::isalnum(static_cast<unsigned char>(c))) v += c;
  }
  return v.empty() || v == "utf8" || v == "unicode" || v == "sqlascii" ||
         v == "default";
}

bool DecidesNames(std::string_view name) {
  return name == "search_path" || IsRoleSetting(name);
}

// A plan that depends on row_security is made anew where that has changed, and
// session_replication_role makes all plans anew (ResetPlanCache), from the text
// as it was parsed, before any rule.
bool MattersToParsing(std::string_view name) {
  return !DecidesNames(name) && name != "application_name" &&
         name != "row_security" && name != "session_replication_role" &&
         name != "statement_timeout" && name != "lock_timeout" &&
         name != "idle_in_transaction_session_timeout" &&
         name != "idle_session_timeout";
}

bool Matters(std::string_view) { return true; }

uint64_t HashOf(const std::vector<Setting>& settings,
                bool (*counts)(std::string_view name)) {
  uint64_t hash = 0x9E3779B97F4A7C15u;
  for (const Setting& setting : settings) {
    if (!counts(setting.name)) continue;
    for (std::string_view part :
         {std::string_view(setting.name), std::string_view(setting.value),
          std::string_view(setting.replay)}) {
      hash = (hash ^ std::hash<std::string_view>()(part)) * 0xFF51AFD7ED558CCDu;
      hash ^= hash >> 32;
    }
  }
  return hash;
}

std::string Quoted(std::string_view value) {
  std::string quoted = "E'";
  for (char c : value) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

void AppendStatement(std::string* sql, std::string_view statement) {
  if (!sql->empty()) *sql += ';';
  *sql += statement;
}

}  // namespace

Environment::Environment(std::vector<Setting> settings)
    : settings_(std::move(settings)),
      hash_(HashOf(settings_, Matters)),
      frozen_hash_(HashOf(settings_, MattersToParsing)),
      names_hash_(HashOf(settings_, DecidesNames)) {
  for (const Setting& setting : settings_) {
    has_custom_ |= IsCustom(setting.name);
    if (setting.name == "standard_conforming_strings") {
      conforming_strings_ = !MeansOff(setting.value);
    } else if (setting.name == "client_encoding") {
      ascii_safe_encoding_ = IsAsciiSafeEncoding(setting.value);
    } else if (setting.name == "default_transaction_read_only") {
      read_only_ = MeansOn(setting.value);
    } else if (setting.name == "default_transaction_isolation") {
      serializable_ = Lower(setting.value) == "serializable";
    } else if (IsRoleSetting(setting.name) && Lower(setting.value) != "none") {
      // The session's user comes before its role; SET ROLE NONE leaves it.
      role_ = setting.value;
    }
  }
}

const Setting* Environment::Find(std::string_view name) const {
  for (const Setting& setting : settings_) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

Setting EmptyCustom(std::string_view name) {
  std::string replay = "RESET \"";
  for (char c : name) {
    if (c == '"') {
      replay += "\"\"";
    } else if (c == '.') {
      replay += "\".\"";
    } else {
      replay += c;
    }
  }
  return Setting{std::string(name), "", replay + '"'};
}

bool Environment::CanFollow(const Environment& from) const {
  if (!from.has_custom_) return true;
  for (const Setting& setting : from.settings_) {
    if (IsCustom(setting.name) && Find(setting.name) == nullptr) return false;
  }
  return true;
}

std::string Environment::Transition(const Environment& from) const {
  if (this == &from) return {};
  std::string sql;
  bool roles_differ = false;
  for (std::string_view name : {"role", "session_authorization"}) {
    const Setting* mine = Find(name);
    const Setting* theirs = from.Find(name);
    if ((mine == nullptr) != (theirs == nullptr) ||
        (mine != nullptr && *mine != *theirs)) {
      roles_differ = true;
    }
  }
  // Under another role even equal settings may have to be made anew: settings
  // are kept, but the right to change the others is not.
  bool from_has_role = from.Find("role") || from.Find("session_authorization");
  if (from_has_role) {
    AppendStatement(&sql, "RESET ROLE");
    AppendStatement(&sql, "RESET SESSION AUTHORIZATION");
  }
  size_t before = sql.size();
  for (const Setting& old : from.settings_) {
    if (!IsRoleSetting(old.name) && Find(old.name) == nullptr) {
      AppendStatement(&sql, "RESET " + old.name);
    }
  }
  for (const Setting& setting : settings_) {
    if (IsRoleSetting(setting.name)) continue;
    const Setting* old = from.Find(setting.name);
    if (old == nullptr || *old != setting) {
      AppendStatement(&sql, setting.replay);
    }
  }
  if (from_has_role && !roles_differ && sql.size() == before) return {};
  for (const Setting& setting : settings_) {
    if (IsRoleSetting(setting.name)) AppendStatement(&sql, setting.replay);
  }
  return sql;
}

std::vector<std::string> Environment::FrozenTransition(
    const Environment& from) const {
  std::vector<std::string> statements;
  if (this == &from || frozen_hash_ == from.frozen_hash_) return statements;
  for (const Setting& old : from.settings_) {
    if (MattersToParsing(old.name) && Find(old.name) == nullptr) {
      statements.push_back("SET LOCAL " + old.name + " TO DEFAULT");
    }
  }
  constexpr std::string_view kSet = "SET ";
  for (const Setting& setting : settings_) {
    const Setting* old = from.Find(setting.name);
    if (!MattersToParsing(setting.name) ||
        (old != nullptr && *old == setting)) {
      continue;
    }
    if (setting.replay.starts_with(kSet)) {
      statements.push_back("SET LOCAL " + setting.replay.substr(kSet.size()));
    } else {
      statements.push_back("SELECT pg_catalog.set_config(" +
                           Quoted(setting.name) + ", " + Quoted(setting.value) +
                           ", true)");
    }
  }
  return statements;
}

EnvironmentTable::EnvironmentTable()
    : empty_(std::make_shared<const Environment>(std::vector<Setting>())) {
  by_hash_[empty_->hash()].push_back(empty_);
}

EnvironmentRef EnvironmentTable::With(const EnvironmentRef& base,
                                      Setting setting) {
  const Setting* old = base->Find(setting.name);
  if (old != nullptr && *old == setting) return base;
  std::vector<Setting> settings = base->settings();
  std::erase_if(settings, [&](const Setting& s) {
    // A new session user takes the role with it, as in PostgreSQL.
    return s.name == setting.name ||
           (setting.name == "session_authorization" && s.name == "role");
  });
  settings.push_back(std::move(setting));
  std::sort(settings.begin(), settings.end(), Before);
  return Intern(std::move(settings));
}

EnvironmentRef EnvironmentTable::Without(const EnvironmentRef& base,
                                         std::string_view name) {
  std::vector<Setting> settings = base->settings();
  size_t gone = std::erase_if(settings, [&](const Setting& s) {
    // Going back to the login's user ends the role, as in PostgreSQL.
    return s.name == name ||
           (name == "session_authorization" && s.name == "role");
  });
  return gone == 0 ? base : Intern(std::move(settings));
}

EnvironmentRef EnvironmentTable::Intern(std::vector<Setting> settings) {
  std::sort(settings.begin(), settings.end(), Before);
  uint64_t hash = HashOf(settings, Matters);
  auto& chain = by_hash_[hash];
  std::erase_if(chain, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : chain) {
    EnvironmentRef known = weak.lock();
    if (known->settings() == settings) return known;
  }
  auto made = std::make_shared<const Environment>(std::move(settings));
  chain.push_back(made);
  if (by_hash_.size() > sweep_at_) Sweep();
  return made;
}

void EnvironmentTable::Sweep() {
  absl::erase_if(by_hash_, [](auto& entry) {
    std::erase_if(entry.second,
                  [](const auto& weak) { return weak.expired(); });
    return entry.second.empty();
  });
  sweep_at_ = std::max<size_t>(1024, 2 * by_hash_.size());
}

}  // namespace pgbraid::pool
