#include "pool/shard_view.h"

#include <gtest/gtest.h>

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSystem = 7;

// Three hosts of one shard: 0 begins as the primary, 1 and 2 as its standbys.
// Each look takes a millisecond.
class ShardViewTest : public testing::Test {
 protected:
  HostSample Look(bool in_recovery, uint32_t timeline, Lsn lsn) {
    HostSample sample;
    sample.begun = now_;
    sample.in_recovery = in_recovery;
    sample.system_id = kSystem;
    sample.timeline = timeline;
    sample.lsn = lsn;
    sample.flush_lsn = in_recovery ? 0 : lsn;
    return sample;
  }
  void Note(int host, std::optional<HostSample> sample) {
    if (sample && sample->incarnation == 0) sample->incarnation = life_[host];
    now_ += milliseconds(1);
    view_.Note(host, sample, now_);
  }
  void Primary(int host, uint32_t timeline, Lsn lsn) {
    Note(host, Look(false, timeline, lsn));
  }
  void Standby(int host, uint32_t timeline, Lsn lsn) {
    Note(host, Look(true, timeline, lsn));
  }
  void Restart(int host) {
    Note(host, std::nullopt);
    ++life_[host];
  }
  void Start(Lsn primary, Lsn first, Lsn second) {
    Primary(0, 1, primary);
    Standby(1, 1, first);
    Standby(2, 1, second);
    ASSERT_EQ(view_.primary(), 0);
  }
  int Choose(SessionFreshness* session,
             Consistency consistency = Consistency::kSession) {
    int host = view_.ChooseStandby(consistency, now_, session, &must_wait_);
    now_ += milliseconds(1);
    return host;
  }
  // A session that has just written, and reads a moment later.
  SessionFreshness AfterWrite() {
    SessionFreshness session;
    session.SeenOnPrimary(now_);
    now_ += milliseconds(1);
    return session;
  }

  TimePoint now_ = TimePoint{} + seconds(1000);
  int64_t life_[3] = {10, 20, 30};
  ShardView view_{3, seconds(1)};
  bool must_wait_ = false;
};

// --- Who is the primary
// ---------------------------------------------------------

TEST_F(ShardViewTest, BelievesNobodyBeforeAllHostsWereAsked) {
  Primary(0, 1, 100);
  Standby(1, 1, 100);
  EXPECT_EQ(view_.primary(), -1);
  Note(2, std::nullopt);
  EXPECT_EQ(view_.primary(), 0);
}

TEST_F(ShardViewTest, APrimaryIsDeposedWhenAnotherIsPromoted) {
  Start(100, 100, 100);
  EXPECT_FALSE(view_.Deposed(0));
  Primary(1, 2, 110);
  ASSERT_EQ(view_.primary(), 1);
  EXPECT_TRUE(view_.Deposed(0));
  EXPECT_FALSE(view_.Deposed(1));
}

TEST_F(ShardViewTest, APrimaryIsDeposedWhenAStandbyFollowsANewerTimeline) {
  Start(100, 100, 100);
  Standby(2, 2, 110);
  EXPECT_EQ(view_.primary(), -1);
  EXPECT_TRUE(view_.Deposed(0));
}

TEST_F(ShardViewTest, APrimaryThatDoesNotAnswerIsNotDeposed) {
  Start(100, 100, 100);
  Note(0, std::nullopt);
  EXPECT_EQ(view_.primary(), -1);
  EXPECT_FALSE(view_.Deposed(0));
  Primary(1, 2, 110);
  EXPECT_TRUE(view_.Deposed(0));
}

TEST_F(ShardViewTest, APrimaryThatIsAStandbyNowIsDeposed) {
  Start(100, 100, 100);
  Restart(0);
  Standby(0, 1, 100);
  EXPECT_TRUE(view_.Deposed(0));
}

TEST_F(ShardViewTest, TwoPrimariesOnOneTimelineAreNeitherBelievedNorKept) {
  Start(100, 100, 100);
  Primary(1, 1, 100);
  EXPECT_EQ(view_.primary(), -1);
  EXPECT_TRUE(view_.Deposed(0));
}

TEST_F(ShardViewTest, FollowsAPromotionAtOnce) {
  Start(100, 100, 100);
  Primary(1, 2, 120);
  EXPECT_EQ(view_.primary(), 1);
}

TEST_F(ShardViewTest, AnOldPrimaryThatComesBackIsNotTheOneAgain) {
  Start(100, 100, 100);
  Restart(0);
  EXPECT_EQ(view_.primary(), -1);
  Primary(1, 2, 120);
  Primary(0, 1, 500);
  EXPECT_EQ(view_.primary(), 1);
  Note(1, std::nullopt);
  EXPECT_EQ(view_.primary(), -1);
}

TEST_F(ShardViewTest, AnOldPrimaryIsNotBelievedWhereAStandbyFollowsANewerOne) {
  // All that a router knows that was started just now, the new primary away.
  Primary(0, 1, 500);
  Note(1, std::nullopt);
  Standby(2, 2, 120);
  EXPECT_EQ(view_.primary(), -1);
  Primary(1, 2, 130);
  EXPECT_EQ(view_.primary(), 1);
}

TEST_F(ShardViewTest, AStandbyWithoutAReceiverRemembersTheTimelineItWasOn) {
  Primary(0, 1, 500);
  Note(1, std::nullopt);
  HostSample orphan = Look(true, 0, 120);
  orphan.past_timeline = 2;
  Note(2, orphan);
  EXPECT_EQ(view_.primary(), -1);
  SessionFreshness session;
  EXPECT_EQ(Choose(&session, Consistency::kEventual), -1);
}

TEST_F(ShardViewTest, AStandbyOnANewerTimelineDeposesThePrimary) {
  Start(100, 100, 100);
  Standby(2, 2, 100);
  EXPECT_EQ(view_.primary(), -1);
  Note(2, std::nullopt);
  Primary(0, 1, 500);
  EXPECT_EQ(view_.primary(), -1);
}

TEST_F(ShardViewTest, APrimaryThatComesBackIsBelievedOnceTheOthersWereAsked) {
  Start(100, 100, 100);
  Restart(0);
  Primary(0, 1, 100);
  EXPECT_EQ(view_.primary(), -1);
  EXPECT_FALSE(view_.AwaitsLook(0));
  EXPECT_TRUE(view_.AwaitsLook(1));
  Standby(1, 1, 100);
  EXPECT_FALSE(view_.AwaitsLook(1));
  EXPECT_TRUE(view_.AwaitsLook(2));
  Note(2, std::nullopt);  // not there: cannot have replaced it
  EXPECT_EQ(view_.primary(), 0);
}

TEST_F(ShardViewTest, APrimaryThatWasReplacedWhileItWasAwayIsNeverBelieved) {
  Start(100, 100, 100);
  Restart(0);
  Primary(0, 1, 500);
  Standby(2, 1, 100);
  Primary(1, 2, 120);
  EXPECT_EQ(view_.primary(), 1);
}

TEST_F(ShardViewTest, ALostMonitorOfTheSameLifeNeedsNoConfirmation) {
  Start(100, 100, 100);
  Note(0, std::nullopt);
  Primary(0, 1, 100);
  EXPECT_EQ(view_.primary(), 0);
}

TEST_F(ShardViewTest, TwoPrimariesOfOneTimelineAreBothNotBelieved) {
  Start(100, 100, 100);
  Primary(1, 1, 200);
  EXPECT_EQ(view_.primary(), -1);
}

TEST_F(ShardViewTest, HostsOfDifferentSystemsLeaveTheShardWithoutAPrimary) {
  HostSample stranger = Look(true, 9, 900);
  stranger.system_id = kSystem + 1;
  Note(1, stranger);
  Primary(0, 1, 100);
  Standby(2, 1, 100);
  EXPECT_EQ(view_.primary(), -1);
}

TEST_F(ShardViewTest, AStrangerThatAppearsLaterIsNeitherPrimaryNorStandby) {
  Start(100, 100, 100);
  for (bool in_recovery : {false, true}) {
    HostSample stranger = Look(in_recovery, in_recovery ? 1 : 9, 900);
    stranger.system_id = kSystem + 1;
    Note(1, stranger);
    EXPECT_EQ(view_.primary(), 0);
    SessionFreshness session;
    EXPECT_EQ(Choose(&session), 2);
    EXPECT_EQ(view_.Lag(1, now_), std::nullopt);
  }
}

// --- Reads after writes
// -----------------------------------------------------------

TEST_F(ShardViewTest, AReadAfterAWriteWaitsForASampleOfThePrimary) {
  Start(100, 100, 100);
  SessionFreshness session = AfterWrite();
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(must_wait_);
  Standby(1, 1, 900);  // however far it is: nobody knows how far the write was
  EXPECT_EQ(Choose(&session), -1);
  Primary(0, 1, 901);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(must_wait_);
  Standby(2, 1, 901);
  EXPECT_EQ(Choose(&session), 2);
}

TEST_F(ShardViewTest, NothingIsWaitedForWhereNoStandbyCouldServe) {
  Start(100, 100, 100);
  Note(1, std::nullopt);
  Standby(2, 0, 100);
  SessionFreshness session = AfterWrite();
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_FALSE(must_wait_);
}

TEST_F(ShardViewTest, AStandbyThatWasWaitedForInVainIsNotWaitedForAgain) {
  Start(100, 100, 100);
  Note(2, std::nullopt);
  SessionFreshness session = AfterWrite();
  Primary(0, 1, 200);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(must_wait_);
  view_.WaitedInVain(200);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_FALSE(must_wait_);
  SessionFreshness other = AfterWrite();
  EXPECT_EQ(Choose(&other), -1);
  EXPECT_FALSE(must_wait_);
  Standby(1, 1, 199);
  Choose(&session);
  EXPECT_FALSE(must_wait_);
  // It moves again: it is worth waiting, and serves.
  Standby(1, 1, 200);
  EXPECT_EQ(Choose(&other), -1);
  EXPECT_TRUE(must_wait_);
  EXPECT_EQ(Choose(&session), 1);
}

TEST_F(ShardViewTest, AStrongReadTakesThePrimaryAndAnEventualOneNeverWaits) {
  Start(200, 100, 100);
  SessionFreshness session = AfterWrite();
  EXPECT_EQ(Choose(&session, Consistency::kStrong), -1);
  EXPECT_FALSE(must_wait_);
  EXPECT_EQ(Choose(&session, Consistency::kEventual), -1);  // lag not known
  EXPECT_FALSE(must_wait_);
  Standby(1, 1, 200);
  Primary(0, 1, 300);
  EXPECT_EQ(Choose(&session, Consistency::kEventual), 1);
}

// --- Monotonic reads
// ---------------------------------------------------------------

TEST_F(ShardViewTest, ASessionStaysWithItsStandby) {
  Start(100, 100, 100);
  SessionFreshness session;
  int first = Choose(&session);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Choose(&session), first);
  SessionFreshness other;
  EXPECT_NE(Choose(&other), first);
}

TEST_F(ShardViewTest, ASessionThatLosesItsStandbySeesNoLessElsewhere) {
  Start(100, 100, 100);
  Note(2, std::nullopt);
  SessionFreshness session;
  ASSERT_EQ(Choose(&session), 1);
  // Host 1 may have shown anything up to now; 2 is far behind.
  Standby(2, 1, 100);
  Note(1, std::nullopt);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(must_wait_);
  Primary(0, 1, 500);
  EXPECT_EQ(Choose(&session), -1);
  Standby(2, 1, 500);
  EXPECT_EQ(Choose(&session), 2);
}

TEST_F(ShardViewTest, ARestartedStandbyMayShowLessThanBefore) {
  Start(100, 100, 100);
  Note(2, std::nullopt);
  SessionFreshness session;
  ASSERT_EQ(Choose(&session), 1);
  Restart(1);
  Primary(0, 1, 500);
  Standby(1, 1, 400);
  EXPECT_EQ(Choose(&session), -1);
  Primary(0, 1, 500);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(must_wait_);
  Standby(1, 1, 500);
  EXPECT_EQ(Choose(&session), 1);
  EXPECT_EQ(session.incarnation, life_[1]);
}

TEST_F(ShardViewTest, WhatAnEventualReadHasShownHoldsForTheSessionsReads) {
  Start(100, 100, 100);
  SessionFreshness session = AfterWrite();
  Primary(0, 1, 110);  // would resolve the floor of the write
  int shown = Choose(&session, Consistency::kEventual);
  ASSERT_GE(shown, 0);
  Standby(shown, 1, 300);
  Standby(3 - shown, 1, 110);
  EXPECT_EQ(Choose(&session), -1);
  Primary(0, 1, 300);
  EXPECT_EQ(Choose(&session), shown);
}

TEST_F(ShardViewTest, AnEventualReaderThatChangesStandbyRemembersThatItDid) {
  Start(100, 100, 100);
  SessionFreshness session;
  ASSERT_EQ(Choose(&session, Consistency::kEventual), 1);
  Note(1, std::nullopt);
  ASSERT_EQ(Choose(&session, Consistency::kEventual), 2);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(must_wait_);
}

// --- Promotion
// -----------------------------------------------------------------------

TEST_F(ShardViewTest, ASiblingOnTheOldTimelineDoesNotServe) {
  Start(100, 100, 100);
  Primary(1, 2, 120);
  for (Consistency consistency :
       {Consistency::kEventual, Consistency::kSession}) {
    SessionFreshness session;
    EXPECT_EQ(Choose(&session, consistency), -1);
  }
  Standby(2, 1, 999);
  SessionFreshness session;
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_FALSE(must_wait_);
  Standby(2, 2, 120);
  EXPECT_EQ(Choose(&session), 2);
}

TEST_F(ShardViewTest, AFloorOfTheOldTimelineIsTakenAnewOnTheNewOne) {
  Start(100, 100, 100);
  SessionFreshness session = AfterWrite();
  Primary(0, 1, 900);
  EXPECT_EQ(Choose(&session), -1);  // resolved: 900 on timeline 1
  Primary(1, 2, 150);
  Standby(2, 2, 150);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(must_wait_);
  Primary(1, 2, 200);
  EXPECT_EQ(Choose(&session), -1);
  Standby(2, 2, 200);
  EXPECT_EQ(Choose(&session), 2);
}

TEST_F(ShardViewTest, APromotedStandbyIsLeftAsAStandby) {
  Start(100, 100, 100);
  SessionFreshness session;
  ASSERT_EQ(Choose(&session), 1);
  Primary(1, 2, 120);
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_TRUE(session.floor.unresolved());
}

// --- Lag
// ------------------------------------------------------------------------------

TEST_F(ShardViewTest, AnIdleStandbyIsNotBehind) {
  Start(100, 100, 100);
  now_ += seconds(30);
  Primary(0, 1, 100);
  SessionFreshness session;
  EXPECT_GE(Choose(&session), 0);
  EXPECT_EQ(view_.Lag(1, now_), milliseconds(2));
}

TEST_F(ShardViewTest, AStandbyTooFarBehindServesNobody) {
  Start(100, 100, 100);
  TimePoint seen = now_ - milliseconds(3);
  for (int i = 0; i < 12; ++i) {
    now_ += milliseconds(100);
    Primary(0, 1, 200 + i);
  }
  EXPECT_EQ(view_.Lag(1, now_), now_ - seen);
  SessionFreshness session;
  EXPECT_EQ(Choose(&session), -1);
  EXPECT_EQ(Choose(&session, Consistency::kEventual), -1);
  EXPECT_FALSE(must_wait_);
  Standby(2, 1, 205);
  EXPECT_EQ(Choose(&session, Consistency::kEventual), 2);
}

TEST_F(ShardViewTest, WithoutNewsOfThePrimaryTheLagIsNotKnownForLong) {
  Start(100, 100, 100);
  Note(0, std::nullopt);
  SessionFreshness session;
  EXPECT_GE(Choose(&session), 0);
  now_ += seconds(2);
  EXPECT_EQ(Choose(&session), -1);
}

TEST_F(ShardViewTest, ManySamplesInAShortTimeKeepTheLagInFineSteps) {
  Start(100, 100, 100);
  for (int i = 0; i < 2000; ++i) Primary(0, 1, 101 + i);
  Standby(1, 1, 2000);  // what the primary had flushed about 100 ms ago
  auto lag = view_.Lag(1, now_);
  ASSERT_TRUE(lag.has_value());
  EXPECT_GE(*lag, milliseconds(100));
  EXPECT_LE(*lag, milliseconds(125));
}

}  // namespace
}  // namespace pgbraid::pool
