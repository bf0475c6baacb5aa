#include "pool/interrupt.h"

#include "net/test_support.h"

namespace pgbraid::pool {
namespace {

class InterruptTest : public net::ReactorTest {
 protected:
  // Waits as a checkout does; true if it was interrupted before `deadline`.
  static net::Task<void> Await(Interrupt* interrupt, net::Reactor* reactor,
                               TimePoint deadline, bool* raised) {
    net::Waiter waiter(reactor);
    Interrupt::Scope scope(interrupt, &waiter);
    co_await waiter.Wait(deadline);
    *raised = scope.raised();
  }

  Interrupt interrupt_;
};

TEST_F(InterruptTest, NothingRunsNothingIsInterrupted) {
  EXPECT_FALSE(interrupt_.Raise());
  interrupt_.Begin();
  EXPECT_FALSE(interrupt_.raised());
}

TEST_F(InterruptTest, IsOverWithItsStatement) {
  interrupt_.Begin();
  EXPECT_TRUE(interrupt_.Raise());
  EXPECT_TRUE(interrupt_.raised());
  interrupt_.End();
  EXPECT_FALSE(interrupt_.raised());
  EXPECT_FALSE(interrupt_.Raise());
  interrupt_.Begin();
  EXPECT_FALSE(interrupt_.raised());
}

TEST_F(InterruptTest, WakesWhoWaits) {
  interrupt_.Begin();
  bool raised = false;
  reactor()->Post([this] { interrupt_.Raise(); });
  Run(Await(&interrupt_, reactor(), TimePoint::max(), &raised));
  EXPECT_TRUE(raised);
}

TEST_F(InterruptTest, TheOuterWaitIsWokenAgainAfterAnInnerOne) {
  net::Waiter outer(reactor());
  Interrupt::Scope scope(&interrupt_, &outer);
  interrupt_.Begin();
  bool raised = true;
  Run(Await(&interrupt_, reactor(), In(std::chrono::milliseconds(1)), &raised));
  EXPECT_FALSE(raised);
  reactor()->Post([this] { interrupt_.Raise(); });
  Run([](net::Waiter* waiter) -> net::Task<void> {
    bool notified = co_await waiter->Wait();
    EXPECT_TRUE(notified);
  }(&outer));
  EXPECT_TRUE(scope.raised());
}

TEST_F(InterruptTest, NobodyMayInterrupt) {
  bool raised = true;
  Run(Await(nullptr, reactor(), In(std::chrono::milliseconds(1)), &raised));
  EXPECT_FALSE(raised);
  EXPECT_EQ(SqlStateOf(Interrupt::Error()), "57014");
}

}  // namespace
}  // namespace pgbraid::pool
