#include "pool/environment.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace pgbraid::pool {
namespace {

Setting Set(std::string name, std::string value) {
  std::string replay = "SET " + name + " TO " + value;
  return Setting{std::move(name), std::move(value), std::move(replay)};
}

class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentRef Make(std::vector<Setting> settings) {
    return table_.Intern(std::move(settings));
  }
  std::string Way(const EnvironmentRef& from, const EnvironmentRef& to) {
    return to->Transition(*from);
  }

  EnvironmentTable table_;
};

TEST_F(EnvironmentTest, EqualSettingsAreOneObjectInWhateverOrderTheyWereMade) {
  EnvironmentRef a = table_.With(table_.empty(), Set("timezone", "UTC"));
  a = table_.With(a, Set("datestyle", "ISO"));
  EnvironmentRef b = table_.With(table_.empty(), Set("datestyle", "ISO"));
  b = table_.With(b, Set("timezone", "UTC"));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, table_.empty());
}

TEST_F(EnvironmentTest, TakingOutWhatWasPutInGivesBackTheSameObject) {
  EnvironmentRef a = table_.With(table_.empty(), Set("timezone", "UTC"));
  EXPECT_EQ(table_.With(a, Set("timezone", "UTC")), a);
  EXPECT_EQ(table_.Without(a, "timezone"), table_.empty());
  EXPECT_EQ(table_.Without(a, "datestyle"), a);
}

TEST_F(EnvironmentTest, NothingIsSentBetweenEqualEnvironments) {
  EnvironmentRef a = Make({Set("timezone", "UTC"), Set("role", "bob")});
  EXPECT_EQ(Way(a, a), "");
  EXPECT_EQ(Way(table_.empty(), table_.empty()), "");
}

TEST_F(EnvironmentTest, TransitionResetsWhatIsGoneAndSetsWhatDiffers) {
  EnvironmentRef from = Make({Set("datestyle", "ISO"), Set("work_mem", "4MB"),
                              Set("timezone", "UTC")});
  EnvironmentRef to = Make({Set("timezone", "UTC"), Set("work_mem", "8MB")});
  EXPECT_EQ(Way(from, to), "RESET datestyle;SET work_mem TO 8MB");
  EXPECT_EQ(Way(from, table_.empty()),
            "RESET datestyle;RESET timezone;RESET work_mem");
}

TEST_F(EnvironmentTest, WhatHasACustomSettingNeverServesWhoHasNot) {
  EnvironmentRef plain = Make({Set("work_mem", "4MB")});
  EnvironmentRef one = Make({Set("app.tenant", "1")});
  EnvironmentRef empty = Make({EmptyCustom("app.tenant")});
  EnvironmentRef both = Make({Set("app.tenant", "2"), Set("my.own", "x")});
  EXPECT_TRUE(plain->CanFollow(*table_.empty()));
  EXPECT_TRUE(table_.empty()->CanFollow(*plain));
  EXPECT_FALSE(plain->CanFollow(*one));
  EXPECT_FALSE(plain->CanFollow(*empty));
  EXPECT_TRUE(one->CanFollow(*plain));
  EXPECT_TRUE(empty->CanFollow(*one));
  EXPECT_EQ(Way(one, empty), "RESET \"app\".\"tenant\"");
  EXPECT_TRUE(both->CanFollow(*one));
  EXPECT_FALSE(one->CanFollow(*both));
}

TEST_F(EnvironmentTest, RolesAreTakenOffFirstAndPutOnLast) {
  EnvironmentRef from = Make({Set("role", "bob"), Set("work_mem", "4MB")});
  EnvironmentRef to = Make({Set("role", "bob"), Set("work_mem", "8MB")});
  EXPECT_EQ(Way(from, to),
            "RESET ROLE;RESET SESSION AUTHORIZATION;SET work_mem TO 8MB;"
            "SET role TO bob");
  EXPECT_EQ(Way(table_.empty(), to), "SET work_mem TO 8MB;SET role TO bob");
  EXPECT_EQ(Way(Make({Set("role", "bob")}), table_.empty()),
            "RESET ROLE;RESET SESSION AUTHORIZATION");
}

TEST_F(EnvironmentTest, TheSessionsUserIsSetBeforeItsRole) {
  EnvironmentRef to =
      Make({Set("role", "bob"), Set("session_authorization", "alice")});
  EXPECT_EQ(Way(table_.empty(), to),
            "SET session_authorization TO alice;SET role TO bob");
  EXPECT_EQ(to->role(), "bob");
}

TEST_F(EnvironmentTest, AnotherSessionUserEndsTheRole) {
  EnvironmentRef bob = Make({Set("role", "bob")});
  EnvironmentRef alice = table_.With(bob, Set("session_authorization", "al"));
  EXPECT_EQ(alice->Find("role"), nullptr);
  EXPECT_EQ(alice->role(), "al");
  EnvironmentRef both = table_.With(alice, Set("role", "bob"));
  EXPECT_EQ(table_.Without(both, "session_authorization"), table_.empty());
  EXPECT_EQ(table_.Without(bob, "session_authorization"), table_.empty());
}

TEST_F(EnvironmentTest, FrozenHashLeavesOutWhatParsingDoesNotSee) {
  EnvironmentRef named =
      table_.With(table_.empty(), Set("application_name", "psql"));
  EnvironmentRef path = table_.With(table_.empty(), Set("search_path", "app"));
  EXPECT_NE(named->hash(), table_.empty()->hash());
  EXPECT_EQ(named->frozen_hash(), table_.empty()->frozen_hash());
  EXPECT_EQ(path->frozen_hash(), table_.empty()->frozen_hash());
  // PostgreSQL looks at it whenever the statement runs.
  EnvironmentRef replica = Make({Set("session_replication_role", "replica")});
  EXPECT_EQ(replica->frozen_hash(), table_.empty()->frozen_hash());
  EnvironmentRef secure = Make({Set("row_security", "off")});
  EXPECT_EQ(secure->frozen_hash(), table_.empty()->frozen_hash());
  EXPECT_NE(path->names_hash(), table_.empty()->names_hash());
}

TEST_F(EnvironmentTest, OnlyWhatParsingFreezesIsSetForParsing) {
  EnvironmentRef now = Make({Set("datestyle", "iso"), Set("search_path", "a"),
                             Set("timezone", "UTC")});
  pool::Setting probed = {"xmloption", "it's",
                          "SELECT pg_catalog.set_config(...)"};
  EnvironmentRef then =
      Make({Set("search_path", "b"), Set("timezone", "CET"), probed});
  EXPECT_EQ(then->FrozenTransition(*now),
            (std::vector<std::string>{
                "SET LOCAL datestyle TO DEFAULT", "SET LOCAL timezone TO CET",
                "SELECT pg_catalog.set_config(E'xmloption', E'it''s', true)"}));
  EXPECT_TRUE(now->FrozenTransition(*now).empty());
  EXPECT_TRUE(Make({Set("search_path", "b")})
                  ->FrozenTransition(*table_.empty())
                  .empty());
}

TEST_F(EnvironmentTest, KnowsTheSettingsUnderWhichTextIsReadDifferently) {
  EXPECT_TRUE(table_.empty()->standard_conforming_strings());
  EXPECT_TRUE(table_.empty()->ascii_safe_encoding());
  for (const char* off : {"off", "OFF", "false", "no", "0", "f"}) {
    EXPECT_FALSE(Make({Set("standard_conforming_strings", off)})
                     ->standard_conforming_strings())
        << off;
  }
  EXPECT_TRUE(Make({Set("client_encoding", "utf-8")})->ascii_safe_encoding());
  EXPECT_TRUE(
      Make({Set("client_encoding", "SQL_ASCII")})->ascii_safe_encoding());
  EXPECT_FALSE(Make({Set("client_encoding", "SJIS")})->ascii_safe_encoding());
}

TEST_F(EnvironmentTest, ForgetsEnvironmentsThatNobodyUses) {
  EnvironmentRef kept = Make({Set("work_mem", "kept")});
  for (int i = 0; i < 5000; ++i) Make({Set("work_mem", std::to_string(i))});
  EXPECT_LT(table_.size(), 2000u);
  EXPECT_EQ(Make({Set("work_mem", "kept")}), kept);
}

}  // namespace
}  // namespace pgbraid::pool
