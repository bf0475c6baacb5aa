#include "router/null_resets.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sql/analysis.h"
#include "sql/testing_catalog.h"

namespace pgbraid::router {
namespace {

class NullResetsTest : public testing::Test {
 protected:
  std::shared_ptr<const Translation> Translated(std::string_view text) {
    sql::TestingCatalog testing;
    auto catalog = testing.Build();
    sql::AnalysisInput input;
    input.catalog = catalog.get();
    query_ =
        sql::Analyze(text, sql::MakeFingerprint(text, input.modes, 1), input);
    return WithStartupValues(text, query_, startup_, true);
  }

  sql::Query query_;
  pool::Environment startup_{
      {{"my.name", "it's", ""}, {"work_mem", "5MB", ""}}};
};

TEST_F(NullResetsTest, PutsTheStartupPacketsValueInPlaceOfNull) {
  auto made = Translated("SELECT set_config('Work_Mem', NULL, false)");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->text, "SELECT set_config('Work_Mem', '5MB', false)");
  EXPECT_EQ(made->executed.size(), 1u);
}

TEST_F(NullResetsTest, KeepsThePlacesOfWhatStandsBehind) {
  const std::string text =
      "SELECT 'ä', set_config('work_mem', null::text, true), "
      "set_config('my.name', NULL, false), 1 AS x";
  auto made = Translated(text);
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->text,
            "SELECT 'ä', set_config('work_mem', '5MB'::text, true), "
            "set_config('my.name', 'it''s', false), 1 AS x");
  EXPECT_EQ(made->ServerByte(text.find("1 AS")), made->text.find("1 AS"));
  // Both in characters, from 1: 'ä' is one of them.
  EXPECT_EQ(made->edits.ClientPosition(made->text.find("1 AS")),
            text.find("1 AS"));
}

TEST_F(NullResetsTest, LeavesOtherTextsAlone) {
  EXPECT_EQ(Translated("SELECT set_config('work_mem', '1MB', false)"), nullptr);
  EXPECT_EQ(Translated("SELECT set_config('other', NULL, false)"), nullptr);
  EXPECT_EQ(Translated("RESET work_mem"), nullptr);
}

}  // namespace
}  // namespace pgbraid::router
