// A session's settings: how SET and its like change them, custom ones that
// can't be taken away again, and what RESET goes back to.

#include <algorithm>
#include <utility>

#include "router/date_style.h"
#include "router/session_state.h"
#include "sql/catalog.h"
#include "sql/identifier.h"

namespace pgbraid::router {
namespace {

// More code than this is kept as one.
constexpr size_t kMostRan = 64;

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

// text, varchar, unknown, or not declared: the value is the name as it is.
bool IsText(wire::Oid type) {
  return type == 0 || type == 25 || type == 705 || type == 1043;
}

}  // namespace

void SessionState::ApplySetting(const sql::SettingChange& change) {
  if (change.name == "pgbraid.consistency") {
    // Among other statements in one text, where a server has taken it.
    SetConsistency(change).IgnoreError();
  }
  if (change.name == "*") {
    // RESET ALL leaves the roles as they are.
    auto reset = [&](const pool::EnvironmentRef& from) {
      pool::EnvironmentRef base = WithCustom(startup);
      for (std::string_view name : {"session_authorization", "role"}) {
        const pool::Setting* role = from->Find(name);
        if (role != nullptr) base = environments_->With(base, *role);
      }
      return base;
    };
    settings = {reset(settings.session), reset(settings.effective),
                startup_consistency, startup_consistency};
    return;
  }
  auto apply = [&](const pool::EnvironmentRef& base) {
    if (!change.reset && change.name == "datestyle") {
      const pool::Setting* before = base->Find(change.name);
      std::string_view known = before != nullptr ? before->value : "";
      if (before == nullptr && told != nullptr) {
        auto found = told->find("DateStyle");
        if (found != told->end()) known = found->second;
      }
      std::string whole = MergeDateStyle(known, change.value);
      std::string replay = whole == change.value
                               ? change.replay
                               : "SET datestyle TO '" + whole + "'";
      return environments_->With(
          base,
          pool::Setting{change.name, std::move(whole), std::move(replay)});
    }
    if (!change.reset) {
      return environments_->With(
          base, pool::Setting{change.name, change.value, change.replay});
    }
    const pool::Setting* at_start = startup->Find(change.name);
    if (at_start != nullptr) return environments_->With(base, *at_start);
    return pool::IsCustom(change.name)
               ? environments_->With(base, pool::EmptyCustom(change.name))
               : environments_->Without(base, change.name);
  };
  settings.effective = apply(settings.effective);
  if (change.scope == sql::SettingChange::Scope::kSession) {
    settings.session = apply(settings.session);
  }
}

bool SessionState::OverlaysReset(const sql::SettingChange& change) const {
  const Settings& before =
      transaction_ != nullptr ? transaction_->at_begin : implicit_begin_;
  return change.scope == sql::SettingChange::Scope::kLocal &&
         before.session != nullptr &&
         before.session->Find(change.name) != nullptr &&
         settings.session->Find(change.name) == nullptr;
}

void SessionState::Found(const pool::EnvironmentRef& environment) {
  settings.session = settings.effective = environment;
  custom_.clear();
  for (const pool::Setting& setting : environment->settings()) {
    if (pool::IsCustom(setting.name)) custom_.push_back(setting.name);
  }
}

pool::EnvironmentRef SessionState::WithCustom(
    pool::EnvironmentRef environment) const {
  for (const std::string& name : custom_) {
    if (environment->Find(name) != nullptr) continue;
    environment = environments_->With(environment, pool::EmptyCustom(name));
  }
  return environment;
}

void SessionState::DefineCustom(std::string name) {
  if (std::find(custom_.begin(), custom_.end(), name) != custom_.end()) return;
  custom_.push_back(std::move(name));
  defined_custom_ = true;
  // No rollback takes it away.
  auto define = [&](Settings* of) {
    if (of->session != nullptr) of->session = WithCustom(of->session);
    if (of->effective != nullptr) of->effective = WithCustom(of->effective);
  };
  define(&settings);
  define(&implicit_begin_);
  if (transaction_ == nullptr) return;
  define(&transaction_->at_begin);
  for (auto& [savepoint, before] : transaction_->savepoints) define(&before);
}

void SessionState::DefineCustomOf(const RoutedQuery& query) {
  for (const sql::Statement& statement : query.statements()) {
    for (const std::string& name : statement.custom_settings) {
      if (statement.taints) {
        suspects.push_back(name);
      } else {
        DefineCustom(name);
      }
    }
  }
}

void SessionState::SuspectParameters(const RoutedQuery& query,
                                     const wire::BindMessage& bind,
                                     std::span<const wire::Oid> types) {
  for (const sql::Statement& statement : query.statements()) {
    for (const uint16_t number : statement.setting_parameters) {
      const size_t place = number - 1;
      if (place >= bind.values.size() ||
          (place < types.size() && !IsText(types[place]))) {
        suspects_any_ = true;
        continue;
      }
      const auto& value = bind.values[place];
      if (!value || !sql::IsCustomSetting(*value)) continue;
      std::string name = LowerCase(*value);
      if (std::find(suspects.begin(), suspects.end(), name) == suspects.end()) {
        suspects.push_back(std::move(name));
      }
    }
  }
}

void SessionState::SuspectCode(std::shared_ptr<const sql::Code> code) {
  ran_.push_back({std::move(code)});
}

void SessionState::NoteCode(const sql::Statement& statement, bool completed) {
  if (!statement.taints) return;
  if (statement.code == nullptr) {
    suspects_any_ |= statement.unknown_settings;
    return;
  }
  for (const Ran& each : ran_) {
    if (each.code == statement.code) return;
  }
  // Its own transaction may have changed what the code is.
  const bool missing = completed && !statement.code->missing.empty();
  ran_.push_back({statement.code, changed_catalog ? 0 : statement.code_epoch,
                  statement.unknown_settings, missing});
  if (ran_.size() < kMostRan) return;
  sql::Code all;
  for (const Ran& each : ran_) all.Add(*each.code);
  ran_ = {{std::make_shared<const sql::Code>(std::move(all)), 0, false, true}};
}

void SessionState::Judge(const sql::Catalog* catalog, bool fresh,
                         sql::CustomSettings* names) {
  names->unknown |= suspects_any_;
  for (const Ran& each : ran_) {
    if (catalog == nullptr || !fresh) {
      names->unknown = true;
      continue;
    }
    if (each.epoch == catalog->epoch() && !each.missing) {
      names->unknown |= each.unknown;
      continue;
    }
    names->Add(catalog->code().Reach(*each.code).settings);
    if (!each.missing) continue;
    for (const std::string& function : each.code->missing) {
      names->unknown |= !catalog->code().Knows(function);
    }
  }
  ran_.clear();
  suspects_any_ = false;
  for (std::string& name : suspects) names->Add(std::move(name));
  suspects.clear();
  if (names->unknown) pins |= kPinUnknownSettings;
}

Status SessionState::SetConsistency(const sql::SettingChange& change) {
  pool::Consistency wanted = pool::Consistency::kSession;
  if (change.reset) {
    wanted = startup_consistency;
  } else if (change.value == "eventual") {
    wanted = pool::Consistency::kEventual;
  } else if (change.value == "session") {
    wanted = pool::Consistency::kSession;
  } else if (change.value == "strong") {
    wanted = pool::Consistency::kStrong;
  } else {
    return SqlError(sqlstate::kInvalidParameterValue,
                    "invalid value for parameter \"" + change.name + "\": \"" +
                        change.value + "\"",
                    "", "Available values: session, eventual, strong.");
  }
  settings.consistency = wanted;
  if (change.scope == sql::SettingChange::Scope::kSession) {
    settings.session_consistency = wanted;
  }
  return OkStatus();
}

std::string SessionState::Restores(const sql::Statement& statement) const {
  std::string sql;
  auto restore = [&](const pool::Setting& setting, bool local) {
    sql += sql.empty() ? "SELECT " : ", ";
    sql += "pg_catalog.set_config(" + sql::QuoteLiteral(setting.name) + "," +
           sql::QuoteLiteral(setting.value) + (local ? ",true)" : ",false)");
  };
  if (statement.discard_all) {
    for (const pool::Setting& setting : startup->settings()) {
      restore(setting, false);
    }
  }
  for (const sql::SettingChange& change : statement.settings) {
    if (!change.reset) continue;
    bool local = change.scope == sql::SettingChange::Scope::kLocal;
    for (const pool::Setting& setting : startup->settings()) {
      bool is_role =
          setting.name == "role" || setting.name == "session_authorization";
      if (change.name == setting.name || (change.name == "*" && !is_role)) {
        restore(setting, local);
      }
    }
  }
  return sql;
}

}  // namespace pgbraid::router
