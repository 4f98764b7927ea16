// The process that looks at a store, and the one that has made it.

#include "store/verifier.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "store/folder.h"
#include "tests/integration/store/store_fixture.h"

namespace hermod::store::testing {
namespace {

class VerifierTest : public StoreTest {
 protected:
  template <class Done>
  static bool in_time(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(1)))
      if (done()) return true;
    return false;
  }
};

/// A broker that is killed while it starts may be started again at once.
TEST_F(VerifierTest, DoesNotKeepTheLockOfABrokerThatWasKilled) {
  open();
  close();
  // Whoever opens it waits for somebody who writes, so the look does not end by itself.
  const std::string pipe = options_.path + "/journal/segment-77";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const pid_t broker = ::fork();
  ASSERT_GE(broker, 0);
  if (broker == 0) {
    const auto folder = Folder::lock(options_.path);
    if (folder) static_cast<void>(verify_in_child(folder->journal(), folder->tables()));
    ::_exit(0);
  }
  const std::string number = std::to_string(broker);
  pid_t child = 0;
  const auto has_child = [&] {
    return static_cast<bool>(std::ifstream("/proc/" + number + "/task/" + number + "/children") >> child);
  };
  const auto is_free = [&] { return Folder::lock(options_.path).has_value(); };
  ASSERT_TRUE(in_time(has_child));
  EXPECT_FALSE(is_free());
  ::kill(broker, SIGKILL);
  ASSERT_EQ(::waitpid(broker, nullptr, 0), broker);
  EXPECT_TRUE(in_time(is_free));
  // It waits at the pipe, or will soon, with the output of this test.
  ::kill(child, SIGKILL);
}

}  // namespace
}  // namespace hermod::store::testing
