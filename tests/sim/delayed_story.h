#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/sim/story.h"

namespace hermod::sim {

/// Delayed messages, who sends them and who gets them. What it holds against the broker: none comes before
/// its time, none is lost that was acknowledged, none comes twice, and they come in the order of their times,
/// over crashes, failures of the store and a wall clock that is set.
class DelayedStory final : public Story {
 public:
  DelayedStory(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report);

 private:
  using Time = std::chrono::nanoseconds;  ///< since the story began
  struct Delayed {
    Time sent{};
    Time answered{};
    std::chrono::seconds delay{};           ///< or
    std::optional<WallTime> at{};           ///< the time of day
    std::size_t crashes = 0;                ///< there had been when it was sent
    std::array<bool, 3> has_come{};         ///< to each receiver
    std::array<std::size_t, 3> arrivals{};  ///< the same, and how often
  };

  /// What the wall clock says was set.
  struct Setting {
    Time at{};
    Time ahead{};  ///< of a clock that nobody sets
  };

  void begin() override;
  void act() override;
  void look() override;
  bool is_over() override;
  void on_crashed() override;
  void check() override;
  void on_connected(StoryClient& client, bool session_present) override;
  void on_disconnected(StoryClient&) override {}
  void on_subscribed(StoryClient& client, bool is_granted) override;
  void on_message(StoryClient& client, const test::Arrived& message) override;
  void on_answered(std::size_t number, bool is_taken) override;

  void send(std::size_t sender);
  void set_clock();
  void set_clock_to_the_last();
  Time may_be_early(const Delayed& one) const;
  void check_order(std::size_t receiver);
  std::size_t receiver_of(const StoryClient& client) const;

  std::size_t senders_ = 0;  ///< behind the receivers
  const bool sets_clock_;
  std::vector<Delayed> delayed_;
  std::array<bool, 3> is_subscribed_{};
  std::array<std::vector<std::size_t>, 3> order_;  ///< by receiver: the first copies, as they came
  std::vector<Setting> settings_{Setting{}};       ///< of the wall clock, since the story began
  std::vector<Time> starts_;                       ///< after crashes: how far it was ahead
  WallTime latest_{};                              ///< that the wall clock ever said
};

}  // namespace hermod::sim
