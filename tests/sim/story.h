#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/random.h"
#include "tests/sim/report.h"
#include "tests/sim/stage.h"
#include "tests/sim/story_client.h"
#include "tests/sim/trouble.h"

namespace hermod::sim {

/// What became of a message, as far as its publisher knows.
enum class Fate {
  Open,
  Taken,
  Refused,
  Uncertain,  ///< it was refused, and an earlier try or a crash may have brought it in; or its session has
              ///< gone
};

/// What every message of a story carries through it.
struct Told {
  std::size_t writer = 0;
  wire::QoS qos{};
  Fate fate = Fate::Open;
  std::size_t again = 0;  ///< so many times it was sent once more
};

/// One life of a broker that is about one thing: at first everything happens at random, with crashes,
/// failures and lost connections between, and after each step the rules are looked at; then it comes to rest,
/// and the promises are. Made, run once and thrown away.
class Story : public StoryEvents {
 public:
  /// True when every promise was kept; else the report says which one was not.
  bool run();

 protected:
  Story(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report,
        broker::Options (*options)(Random&));
  ~Story() = default;
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  /// Options that any story may have.
  static broker::Options random_options(Random& random);

  /// Before the first step.
  virtual void begin() {}
  /// Somebody does something.
  virtual void act() = 0;
  /// The rules that hold at any moment.
  virtual void look() = 0;
  /// The broker has crashed, and is another one now.
  virtual void on_crashed() {}
  /// Beside what is asked of every client: nothing is to come any more.
  virtual bool is_over() = 0;
  /// Everything has come to rest.
  virtual void check() = 0;

  StoryClient& add_client(const std::string& id, bool is_durable);
  /// Rounds of settling until everything is answered and is_over(), or a violation.
  void come_to_rest();
  /// What a client does of itself; true when there was something.
  void let_act(StoryClient& client);
  std::size_t begin_message(std::size_t writer, wire::QoS qos);
  std::string name_of(std::size_t number) const;

  void on_answered(std::size_t number, bool is_taken) override;
  void on_sent_again(std::size_t number) override;
  void on_abandoned(std::size_t number) override;

  Random random_;
  Report& report_;
  const Trouble trouble_;
  Stage stage_;
  std::vector<std::unique_ptr<StoryClient>> clients_;
  std::vector<Told> told_;
  std::size_t taken_ = 0;
  std::size_t crashes_ = 0;

 private:
  void random_step();
  void pass_time();
  void watch_store();
  void crash();

  const std::size_t steps_;
  std::vector<std::uint64_t> crash_at_;  ///< steps, the last one first
  std::vector<std::size_t> refused_;     ///< since the store was repaired
};

}  // namespace hermod::sim
