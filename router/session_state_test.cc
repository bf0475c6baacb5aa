#include "router/session_state.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/catalog.h"
#include "topology/shard_map.h"

namespace pgbraid::router {
namespace {

using sql::Kind;

class SessionStateTest : public testing::Test {
 protected:
  SessionStateTest()
      : state_(&environments_, &identity_, pool::Consistency::kSession, 1) {}

  // Runs a statement as PostgreSQL would complete it.
  void Complete(Kind kind, std::string tag, std::string name = "",
                bool chain = false) {
    sql::Statement statement;
    statement.kind = kind;
    statement.name = std::move(name);
    statement.chain = chain;
    state_.Completed(statement, tag, nullptr);
  }
  void Set(std::string name, std::string value, bool local = false) {
    Change(std::move(name), std::move(value), false, local);
  }
  void Reset(std::string name) { Change(std::move(name), "", true, false); }

  void Change(std::string name, std::string value, bool reset, bool local) {
    sql::Statement statement;
    statement.kind = Kind::kSet;
    sql::SettingChange change;
    change.name = name;
    change.value = value;
    change.reset = reset;
    change.replay = "SET " + name + " TO " + value;
    change.scope = local ? sql::SettingChange::Scope::kLocal
                         : sql::SettingChange::Scope::kSession;
    statement.settings.push_back(std::move(change));
    state_.Completed(statement, "SET", nullptr);
  }
  void Begin() {
    state_.BeginSegment();
    Complete(Kind::kBegin, "BEGIN");
    Ready(wire::TransactionStatus::kInTransaction);
  }
  void Ready(wire::TransactionStatus status, bool failed = false) {
    state_.Ready(status, failed);
  }
  std::string Effective(std::string_view name) {
    const pool::Setting* found = state_.settings.effective->Find(name);
    return found == nullptr ? "" : found->value;
  }

  pool::EnvironmentTable environments_;
  ClientIdentity identity_;
  SessionState state_;
};

TEST_F(SessionStateTest, ASettingStaysAfterItsTransactionAndGoesWithARollback) {
  Begin();
  Set("work_mem", "5MB");
  EXPECT_EQ(Effective("work_mem"), "5MB");
  Complete(Kind::kCommit, "COMMIT");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(Effective("work_mem"), "5MB");
  Begin();
  Set("work_mem", "6MB");
  Complete(Kind::kRollback, "ROLLBACK");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(Effective("work_mem"), "5MB");
}

TEST_F(SessionStateTest, ACommitOfAFailedTransactionRollsBack) {
  Begin();
  Set("work_mem", "6MB");
  Ready(wire::TransactionStatus::kFailed);
  Complete(Kind::kCommit, "ROLLBACK");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(Effective("work_mem"), "");
}

TEST_F(SessionStateTest, SetLocalEndsWithItsTransaction) {
  Set("work_mem", "5MB");
  Begin();
  Set("work_mem", "6MB", /*local=*/true);
  EXPECT_EQ(Effective("work_mem"), "6MB");
  Complete(Kind::kCommit, "COMMIT");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(Effective("work_mem"), "5MB");
}

TEST_F(SessionStateTest, SavepointsUndoWhatCameAfterThem) {
  Begin();
  Set("work_mem", "1MB");
  Complete(Kind::kSavepoint, "SAVEPOINT", "a");
  Set("work_mem", "2MB");
  Complete(Kind::kSavepoint, "SAVEPOINT", "b");
  Set("work_mem", "3MB");
  Complete(Kind::kRollbackTo, "ROLLBACK", "b");
  EXPECT_EQ(Effective("work_mem"), "2MB");
  Complete(Kind::kRollbackTo, "ROLLBACK", "a");
  EXPECT_EQ(Effective("work_mem"), "1MB");
  Set("work_mem", "4MB");
  // A savepoint outlives the return to it.
  Complete(Kind::kRollbackTo, "ROLLBACK", "a");
  EXPECT_EQ(Effective("work_mem"), "1MB");
  Complete(Kind::kRelease, "RELEASE", "a");
  Complete(Kind::kRollbackTo, "ROLLBACK", "a");
  EXPECT_EQ(Effective("work_mem"), "1MB");
}

TEST_F(SessionStateTest, AnImplicitTransactionThatFailsTakesItsSettings) {
  Set("work_mem", "9MB");
  Ready(wire::TransactionStatus::kIdle, /*failed=*/true);
  EXPECT_EQ(Effective("work_mem"), "");
}

TEST_F(SessionStateTest, ARollbackInTheMiddleOfASegmentUndoesWhatCameBefore) {
  Set("work_mem", "1MB");
  state_.BeginSegment();
  Set("work_mem", "2MB");
  Complete(Kind::kCommit, "COMMIT");
  Set("work_mem", "3MB");
  Complete(Kind::kRollback, "ROLLBACK");
  EXPECT_EQ(Effective("work_mem"), "2MB");
  Set("work_mem", "4MB");
  Ready(wire::TransactionStatus::kIdle, /*failed=*/true);
  EXPECT_EQ(Effective("work_mem"), "2MB");
}

TEST_F(SessionStateTest, BeginTakesWhatCameBeforeItInTheSegmentAlong) {
  Set("work_mem", "1MB");
  state_.BeginSegment();
  Set("work_mem", "2MB");
  Complete(Kind::kBegin, "BEGIN");
  Ready(wire::TransactionStatus::kInTransaction);
  state_.BeginSegment();
  Complete(Kind::kRollback, "ROLLBACK");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(Effective("work_mem"), "1MB");
}

TEST_F(SessionStateTest, RestoresWhatTheStartupPacketHadSet) {
  state_.startup =
      environments_.Intern({{"role", "alice", "x"}, {"timezone", "it's", "x"}});
  sql::Statement reset;
  reset.kind = Kind::kSet;
  reset.settings.emplace_back();
  reset.settings[0].name = "work_mem";
  reset.settings[0].reset = true;
  EXPECT_EQ(state_.Restores(reset), "");
  reset.settings[0].name = "timezone";
  EXPECT_EQ(state_.Restores(reset),
            "SELECT pg_catalog.set_config('timezone','it''s',false)");
  reset.settings[0].scope = sql::SettingChange::Scope::kLocal;
  EXPECT_EQ(state_.Restores(reset),
            "SELECT pg_catalog.set_config('timezone','it''s',true)");
  // RESET ALL leaves roles alone, DISCARD ALL does not.
  reset.settings[0].name = "*";
  reset.settings[0].scope = sql::SettingChange::Scope::kSession;
  EXPECT_EQ(state_.Restores(reset),
            "SELECT pg_catalog.set_config('timezone','it''s',false)");
  sql::Statement discard;
  discard.discard_all = true;
  EXPECT_EQ(state_.Restores(discard),
            "SELECT pg_catalog.set_config('timezone','it''s',false), "
            "pg_catalog.set_config('role','alice',false)");
  sql::Statement set;
  set.settings.emplace_back();
  set.settings[0].name = "timezone";
  EXPECT_EQ(state_.Restores(set), "");
}

TEST_F(SessionStateTest, AFailedStatementMayHaveLoadedALibrary) {
  sql::Statement load;
  load.pin = sql::Pin::kLoad;
  state_.Failed(load, nullptr);
  EXPECT_EQ(DescribePins(state_.pins), "LOAD");
}

TEST_F(SessionStateTest, ResetGoesBackToWhatTheClientStartedWith) {
  state_.startup = environments_.Intern({{"timezone", "Asia/Tokyo", "x"}});
  state_.Found(state_.startup);
  Set("timezone", "UTC");
  Set("work_mem", "9MB");
  Reset("timezone");
  EXPECT_EQ(Effective("timezone"), "Asia/Tokyo");
  EXPECT_EQ(Effective("work_mem"), "9MB");
  Reset("*");
  EXPECT_EQ(Effective("timezone"), "Asia/Tokyo");
  EXPECT_EQ(Effective("work_mem"), "");
}

TEST_F(SessionStateTest, ResetAllLeavesEachRoleWhereItIs) {
  Set("role", "alice");
  Begin();
  Set("role", "bob", /*local=*/true);
  Reset("*");
  EXPECT_EQ(Effective("role"), "bob");
  Complete(Kind::kCommit, "COMMIT");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(Effective("role"), "alice");
}

TEST_F(SessionStateTest, ChainedTransactionsBeginAnew) {
  Begin();
  Set("work_mem", "5MB");
  Complete(Kind::kCommit, "COMMIT", "", /*chain=*/true);
  Ready(wire::TransactionStatus::kInTransaction);
  Set("work_mem", "6MB");
  Complete(Kind::kRollback, "ROLLBACK");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(Effective("work_mem"), "5MB");
}

TEST_F(SessionStateTest, ADeferredTransactionIsOpenBeforeAnyServerKnows) {
  sql::Statement begin;
  begin.kind = Kind::kBegin;
  begin.read_only = true;
  state_.BeginDeferred(begin, "BEGIN READ ONLY");
  EXPECT_EQ(state_.status(), wire::TransactionStatus::kInTransaction);
  EXPECT_FALSE(state_.transaction()->joined);
  EXPECT_TRUE(state_.transaction()->read_only);
  state_.EndDeferred(/*commit=*/false);
  EXPECT_EQ(state_.status(), wire::TransactionStatus::kIdle);
  EXPECT_EQ(state_.transaction(), nullptr);
}

TEST_F(SessionStateTest, CustomSettingsOfTheStartupPacketExistForGood) {
  state_.Found(environments_.Intern({{"my.start", "x", "SET my.start TO x"},
                                     {"timezone", "UTC", "SET timezone"}}));
  EXPECT_EQ(state_.custom_settings(), std::vector<std::string>{"my.start"});
  state_.startup = state_.settings.session;
  state_.BeginSegment();
  Complete(Kind::kRollback, "ROLLBACK");
  EXPECT_EQ(Effective("my.start"), "x");
}

TEST_F(SessionStateTest, CustomSettingsOfUnknownNamesOutliveDiscardAll) {
  state_.pins = kPinUnknownSettings | PinBit(sql::Pin::kAdvisoryLock);
  sql::Statement discard;
  discard.kind = Kind::kDiscard;
  discard.discard_all = true;
  state_.Completed(discard, "DISCARD ALL", nullptr);
  EXPECT_EQ(state_.pins, kPinUnknownSettings);
}

TEST_F(SessionStateTest, ADescriptorOfALargeObjectEndsWithItsTransaction) {
  Begin();
  sql::Statement open;
  open.kind = Kind::kSelect;
  open.pin = sql::Pin::kLargeObject;
  state_.Completed(open, "SELECT 1", nullptr);
  EXPECT_EQ(DescribePins(state_.pins), "large object");
  Complete(Kind::kCommit, "COMMIT");
  Ready(wire::TransactionStatus::kIdle);
  EXPECT_EQ(state_.pins, 0u);
}

TEST_F(SessionStateTest, PinsSayWhy) {
  sql::Statement listen;
  listen.kind = Kind::kListen;
  listen.pin = sql::Pin::kListen;
  state_.Completed(listen, "LISTEN", nullptr);
  sql::Statement lock;
  lock.kind = Kind::kSelect;
  lock.pin = sql::Pin::kAdvisoryLock;
  state_.Completed(lock, "SELECT 1", nullptr);
  EXPECT_EQ(DescribePins(state_.pins), "session advisory lock, LISTEN");
  sql::Statement discard;
  discard.kind = Kind::kDiscard;
  discard.discard_all = true;
  state_.Completed(discard, "DISCARD ALL", nullptr);
  EXPECT_EQ(state_.pins, 0u);
}

TEST_F(SessionStateTest, ChangesByOthersAreTakenInWhereASegmentBegins) {
  std::atomic<uint64_t> changes = 5;
  identity_.changes = &changes;
  state_.BeginSegment();
  EXPECT_EQ(state_.catalog_version(), (CatalogVersion{5, 0}));
  changes = 6;
  EXPECT_EQ(state_.catalog_version(), (CatalogVersion{5, 0}));
  state_.BeginSegment();
  EXPECT_EQ(state_.catalog_version(), (CatalogVersion{6, 0}));
  // One's own at once.
  state_.NoteCatalogChange();
  EXPECT_EQ(changes, 7u);
  EXPECT_EQ(state_.catalog_version(), (CatalogVersion{7, 0}));
}

// A parameter of set_config() is looked at when it is bound.
TEST_F(SessionStateTest, SuspectsTheNamesThatParametersGive) {
  auto map = topology::ShardMap::Parse("s0=h:1/app", "");
  ASSERT_TRUE(map.ok());
  sql::Query query;
  query.statements.emplace_back();
  query.statements[0].setting_parameters = {1, 2, 3};
  auto routed = RoutedQuery::Make(
      std::move(query), "SELECT 1",
      std::make_shared<const topology::ShardMap>(*std::move(map)), nullptr, {});
  wire::BindMessage bind;
  bind.values = {"My.Own", std::nullopt, "work_mem"};
  state_.SuspectParameters(*routed, bind, {});
  sql::CustomSettings names;
  state_.Judge(nullptr, true, &names);
  EXPECT_EQ(names.names, std::vector<std::string>{"my.own"});
  EXPECT_FALSE(names.unknown);
  // One that has not arrived.
  bind.values.resize(1);
  state_.SuspectParameters(*routed, bind, {});
  state_.Judge(nullptr, true, &names);
  EXPECT_TRUE(names.unknown);
  EXPECT_EQ(state_.pins, kPinUnknownSettings);
}

TEST_F(SessionStateTest, JudgesCodeByTheCatalogsThatShowIt) {
  auto catalog = [](uint64_t epoch, std::string source) {
    sql::Catalog::Builder builder;
    sql::Function function;
    function.oid = 20000;
    function.name = "f";
    builder.SetEpoch(epoch).Add(function);
    sql::FunctionCode code;
    code.function = function.oid;
    code.language = "plpgsql";
    code.source = std::move(source);
    builder.Add(std::move(code));
    return builder.Build();
  };
  auto old = catalog(1, "BEGIN EXECUTE $1; END");
  auto newer = catalog(2, "BEGIN SET my.own = 1; END");
  sql::Statement statement;
  statement.kind = Kind::kSelect;
  statement.taints = true;
  statement.unknown_settings = true;
  statement.code_epoch = 1;
  statement.code = std::make_shared<const sql::Code>(
      sql::ReadStatementCode("SELECT f('x')", {}));
  sql::CustomSettings names;
  state_.Completed(statement, "SELECT 1", nullptr);
  EXPECT_FALSE(state_.HasRunCode());  // nowhere
  state_.SuspectCode(statement.code);
  EXPECT_TRUE(state_.HasRunCode());
  state_.Judge(newer.get(), true, &names);
  EXPECT_EQ(names.names, std::vector<std::string>{"my.own"});
  EXPECT_EQ(state_.pins, 0u);
  state_.SuspectCode(statement.code);
  state_.Judge(old.get(), true, &names);
  EXPECT_EQ(state_.pins, kPinUnknownSettings);
  EXPECT_FALSE(state_.HasRunCode());
  // What newer catalogs say is not known.
  names = {};
  state_.SuspectCode(statement.code);
  state_.Judge(newer.get(), false, &names);
  EXPECT_TRUE(names.unknown);
}

}  // namespace
}  // namespace pgbraid::router
