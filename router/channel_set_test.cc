#include "router/channel_set.h"

#include <gtest/gtest.h>

#include <string>

namespace pgbraid::router {
namespace {

std::string Names(const ChannelSet& channels) {
  std::string names;
  for (const std::string& name : channels.active()) {
    if (!names.empty()) names += ' ';
    names += name;
  }
  return names;
}

TEST(ChannelSetTest, ListensOnceTheTransactionCommits) {
  ChannelSet channels;
  channels.Listen("a");
  EXPECT_FALSE(channels.Contains("a"));
  EXPECT_TRUE(channels.has_pending());
  channels.Commit();
  EXPECT_TRUE(channels.Contains("a"));
  EXPECT_FALSE(channels.has_pending());
}

TEST(ChannelSetTest, ForgetsWhatIsRolledBack) {
  ChannelSet channels;
  channels.Listen("a");
  channels.Commit();
  channels.Listen("b");
  channels.Unlisten("a");
  channels.Rollback();
  EXPECT_EQ(Names(channels), "a");
  channels.Commit();
  EXPECT_EQ(Names(channels), "a");
}

TEST(ChannelSetTest, AppliesActionsInOrder) {
  ChannelSet channels;
  channels.Listen("a");
  channels.Listen("b");
  channels.UnlistenAll();
  channels.Listen("c");
  channels.Listen("d");
  channels.Unlisten("c");
  channels.Commit();
  EXPECT_EQ(Names(channels), "d");
}

TEST(ChannelSetTest, ListeningTwiceIsListeningOnce) {
  ChannelSet channels;
  channels.Listen("a");
  channels.Listen("a");
  channels.Commit();
  channels.Unlisten("a");
  channels.Commit();
  EXPECT_TRUE(channels.empty());
}

TEST(ChannelSetTest, RollbackToKeepsWhatCameBefore) {
  ChannelSet channels;
  channels.Listen("a");
  channels.Savepoint("s");
  channels.Listen("b");
  channels.RollbackTo("s");
  channels.Listen("c");
  channels.Commit();
  EXPECT_EQ(Names(channels), "a c");
}

TEST(ChannelSetTest, RollbackToAnOlderSavepointEndsTheNewerOnes) {
  ChannelSet channels;
  channels.Savepoint("s");
  channels.Listen("a");
  channels.Savepoint("t");
  channels.RollbackTo("s");
  channels.Listen("b");
  // The server has refused ROLLBACK TO t; one of an unknown name undoes all.
  channels.RollbackTo("s");
  channels.Commit();
  EXPECT_EQ(Names(channels), "");
}

TEST(ChannelSetTest, ReleaseKeepsTheActions) {
  ChannelSet channels;
  channels.Savepoint("s");
  channels.Listen("a");
  channels.Release("s");
  channels.Commit();
  EXPECT_EQ(Names(channels), "a");
}

TEST(ChannelSetTest, OneOfTwoSavepointsOfANameHidesTheOther) {
  ChannelSet channels;
  channels.Savepoint("s");
  channels.Listen("a");
  channels.Savepoint("s");
  channels.Listen("b");
  channels.RollbackTo("s");
  channels.Release("s");
  channels.Listen("c");
  channels.RollbackTo("s");
  channels.Commit();
  EXPECT_EQ(Names(channels), "");
}

TEST(ChannelSetTest, ASavepointFromBeforeTheFirstListenUndoesAll) {
  ChannelSet channels;
  channels.Listen("a");
  channels.Savepoint("later");
  channels.Listen("b");
  channels.RollbackTo("earlier");
  channels.Commit();
  EXPECT_TRUE(channels.empty());
}

TEST(ChannelSetTest, UnlistenOfNothingIsNothing) {
  ChannelSet channels;
  channels.Unlisten("a");
  channels.UnlistenAll();
  EXPECT_FALSE(channels.has_pending());
}

TEST(ChannelSetTest, ClearEndsEverythingAtOnce) {
  ChannelSet channels;
  channels.Listen("a");
  channels.Commit();
  channels.Clear();
  EXPECT_TRUE(channels.empty());
}

}  // namespace
}  // namespace pgbraid::router
