#pragma once
#include <gtest/gtest.h>

#include <exception>
#include <thread>
#include <utility>

namespace hermod::support {

/// A second thread of a test. What it throws becomes a failure; the end of its scope waits for it.
class Aside {
 public:
  template <class Action>
  explicit Aside(Action action)
      : thread_([action = std::move(action)]() mutable {
          try {
            action();
          } catch (const std::exception& e) {
            ADD_FAILURE() << "aside: " << e.what();
          }
        }) {}

  void join() { thread_.join(); }

 private:
  std::jthread thread_;
};

}  // namespace hermod::support
