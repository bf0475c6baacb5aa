// Which settings with a dot in their name (app.tenant) a piece of code may set.
//
// PostgreSQL makes such a setting when it is first set, never takes it away
// again within the session, and has no list of them: after code has run that
// nobody looked into, a connection can only be asked for them by name.
//
// Pure; any thread.
#ifndef PGBRAID_SQL_CUSTOM_SETTINGS_H_
#define PGBRAID_SQL_CUSTOM_SETTINGS_H_

#include <string>
#include <string_view>
#include <vector>

namespace pgbraid::sql {

struct CustomSettings {
  std::vector<std::string> names;  // lower case, each once
  // It sets one whose name it puts together itself.
  bool unknown = false;

  void Add(std::string name);
  void Add(const CustomSettings& other);
};

// A custom setting, as opposed to one of PostgreSQL's own.
inline bool IsCustomSetting(std::string_view name) {
  return name.find('.') != std::string_view::npos;
}

// Those that `code` mentions in SET or set_config(), in whatever language it
// is. May name some that it never sets. Text that the code is given when it
// runs, and then executes, is not seen.
CustomSettings FindCustomSettings(std::string_view code);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_CUSTOM_SETTINGS_H_
