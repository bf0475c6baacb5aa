#include "sql/custom_settings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgbraid::sql {
namespace {

using Names = std::vector<std::string>;

TEST(CustomSettingsTest, FindsWhatSetAndSetConfigName) {
  EXPECT_EQ(FindCustomSettings("BEGIN SET app.tenant = 'x'; END").names,
            Names{"app.tenant"});
  EXPECT_EQ(FindCustomSettings("set local App.Tenant to 1").names,
            Names{"app.tenant"});
  EXPECT_EQ(FindCustomSettings("SET SESSION \"my\".\"own\" TO 1").names,
            Names{"my.own"});
  EXPECT_EQ(FindCustomSettings("PERFORM pg_catalog.set_config( 'a.b', v, true)")
                .names,
            Names{"a.b"});
  EXPECT_EQ(FindCustomSettings("EXECUTE 'SELECT set_config(''a.b'', ''1'', "
                               "false)'")
                .names,
            Names{"a.b"});
  EXPECT_EQ(FindCustomSettings("SET a.b = 1; SET a.c = 2; SET a.b = 3").names,
            (Names{"a.b", "a.c"}));
}

TEST(CustomSettingsTest, PassesOverPostgresOwnSettings) {
  for (const char* code :
       {"SET search_path = a", "set_config('work_mem', '1MB', false)",
        "UPDATE t SET a = 1", "SET LOCAL ROLE x", "SELECT reset, offset FROM t",
        "UPDATE t SET (a, b) = (1, 2)", "set_config", "SET", ""}) {
    const CustomSettings found = FindCustomSettings(code);
    EXPECT_TRUE(found.names.empty()) << code;
    EXPECT_FALSE(found.unknown) << code;
  }
}

TEST(CustomSettingsTest, SaysWhereANameIsPutTogether) {
  for (const char* code :
       {"set_config(name, '1', false)", "set_config('app.' || name, '1', true)",
        "EXECUTE 'SET ' || name", "EXECUTE format('SET %s = 1', name)",
        "EXECUTE 'SET LOCAL app.' || name"}) {
    EXPECT_TRUE(FindCustomSettings(code).unknown) << code;
  }
}

}  // namespace
}  // namespace pgbraid::sql
