// A session's settings as one hashed, immutable value.
//
// PostgreSQL's settings (GUCs) belong to a session; in transaction pooling a
// session's statements run on changing server connections. So each session
// carries an Environment, each server connection the Environment that it has
// applied, and checkout compares two pointers: environments are interned in an
// EnvironmentTable, so that equal ones are the same object.
//
// An Environment lists what differs from a fresh login of the server user:
// each setting with the statement that makes it so on another connection.
//
// A custom setting (app.tenant) exists from the first time that it is set, and
// RESET only empties it: so it stays in the environment, and a connection that
// has one can never serve a session that has not (CanFollow).
// Owned by its table (reference counted); one reactor's own.
#ifndef PGBRAID_POOL_ENVIRONMENT_H_
#define PGBRAID_POOL_ENVIRONMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace pgbraid::pool {

// One setting that differs from the login's default.
struct Setting {
  std::string name;    // lower case; "role" and "session_authorization" too
  std::string value;   // as set_config() takes it; empty if only replay knows
  std::string replay;  // "SET search_path TO a, b", without a semicolon
  bool operator==(const Setting&) const = default;
};

class Environment {
 public:
  // `settings` sorted as Normalize() does.
  explicit Environment(std::vector<Setting> settings);

  const std::vector<Setting>& settings() const { return settings_; }
  uint64_t hash() const { return hash_; }
  // Of the settings that a prepared statement is frozen under when it is
  // parsed: all but those that certainly do not matter (application_name,
  // time-outs) and those of names_hash().
  uint64_t frozen_hash() const { return frozen_hash_; }
  // Of the settings that decide which objects names mean and for whom:
  // search_path and the roles. PostgreSQL looks at them at every execution of a
  // prepared statement (plancache.c, RevalidateCachedQuery).
  uint64_t names_hash() const { return names_hash_; }
  const Setting* Find(std::string_view name) const;

  // What decides how text is read and which names it finds.
  bool standard_conforming_strings() const { return conforming_strings_; }
  // client_encoding is UTF-8, SQL_ASCII, or not set: bytes can be compared.
  bool ascii_safe_encoding() const { return ascii_safe_encoding_; }
  // Transactions are serializable unless they say otherwise: on a standby even
  // the settings themselves could not be made.
  bool serializable() const { return serializable_; }
  // Transactions are read-only unless they say otherwise.
  bool read_only() const { return read_only_; }
  // SET ROLE or SET SESSION AUTHORIZATION is in force: empty if not.
  std::string_view role() const { return role_; }

  // Whether a connection with `from` can be made to have this one.
  bool CanFollow(const Environment& from) const;

  // The statements that turn a connection with `from` into one with this, ""
  // if none are needed. Roles are reset before, and set after, all else, since
  // what a role may set differs.
  std::string Transition(const Environment& from) const;

  // The same for the settings of frozen_hash() alone, one SET LOCAL (or a
  // query that has its effect) each: for the time of parsing a statement that
  // was frozen under this.
  std::vector<std::string> FrozenTransition(const Environment& from) const;

 private:
  const std::vector<Setting> settings_;
  uint64_t hash_;
  uint64_t frozen_hash_;
  uint64_t names_hash_;
  bool conforming_strings_ = true;
  bool ascii_safe_encoding_ = true;
  bool serializable_ = false;
  bool has_custom_ = false;
  bool read_only_ = false;
  std::string role_;
};

// A custom setting, as opposed to one of PostgreSQL's own.
inline bool IsCustom(std::string_view name) {
  return name.find('.') != std::string_view::npos;
}
// One that exists and has the login's value, or none.
Setting EmptyCustom(std::string_view name);

using EnvironmentRef = std::shared_ptr<const Environment>;

// Interns environments. One for each reactor; outlives all that it made.
class EnvironmentTable {
 public:
  EnvironmentTable();

  // The environment of a fresh login.
  const EnvironmentRef& empty() const { return empty_; }

  // Those with one setting changed or taken out.
  EnvironmentRef With(const EnvironmentRef& base, Setting setting);
  EnvironmentRef Without(const EnvironmentRef& base, std::string_view name);

  EnvironmentRef Intern(std::vector<Setting> settings);

  // Environments remembered, including those that nobody uses any more.
  size_t size() const { return by_hash_.size(); }

 private:
  // Forgets environments that nobody uses, when there are many of them.
  void Sweep();

  EnvironmentRef empty_;
  // Several environments of one hash are chained in the vector.
  absl::flat_hash_map<uint64_t, std::vector<std::weak_ptr<const Environment>>>
      by_hash_;
  size_t sweep_at_ = 1024;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_ENVIRONMENT_H_
