#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/stream_extent.h"
#include "tests/sim/story.h"

namespace hermod::sim {

/// A stream, its writers and its readers. What it holds against the broker: offsets have no gap and none is
/// given twice, also over crashes and failures; what was acknowledged has one; a reader gets everything from
/// where it began, in order, but for what the retention took; the retention keeps what it says, and not much
/// more. In some stories it keeps the last values: then there are gaps, and of each key the newest is there
/// and at last nothing else.
class StreamStory final : public Story {
 public:
  StreamStory(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report);

 private:
  struct Reader {
    StoryClient* client;
    wire::QoS qos;
    bool is_subscribed = false;               ///< SUBACK came, in this session
    int asked = 0;                            ///< SUBSCRIBEs that were not answered
    std::optional<std::uint64_t> from{};      ///< where the last one begins, if that is known
    std::optional<std::uint64_t> expected{};  ///< what comes next, unless the retention took it
    bool may_go_back = false;                 ///< its connection is a new one
  };

  void begin() override;
  void act() override;
  void look() override;
  void on_crashed() override { next_ = 0; }
  bool is_over() override;
  void check() override;
  void on_connected(StoryClient& client, bool session_present) override;
  void on_disconnected(StoryClient& client) override;
  void on_subscribed(StoryClient& client, bool is_granted) override;
  void on_message(StoryClient& client, const test::Arrived& message) override;

  void write(std::size_t who);
  Reader& add_reader(const std::string& id, wire::QoS qos, bool is_durable);
  Reader* reader_of(const StoryClient& client);
  void read_from_somewhere(Reader& reader);
  void read_from(Reader& reader, const std::string& start, std::optional<std::uint64_t> from);
  void look_at(std::uint64_t offset, std::size_t number);
  void check_order();
  void check_nothing_is_lost();
  void check_last_values();
  const queue::StreamExtent& extent() { return *stage_.broker().queues().find("log")->stream; }
  const queue::QueueDefinition& stream() { return stage_.broker().options().queues.configured.front(); }

  std::size_t writers_ = 0;  ///< the first of clients_
  std::vector<std::unique_ptr<Reader>> readers_;
  std::map<std::uint64_t, std::size_t> seen_;  ///< by offset, the message
  std::vector<std::size_t> copies_;            ///< by message, offsets that have it
  std::vector<std::string> topics_;            ///< by message
  std::map<std::string, std::size_t> last_;    ///< of each topic, as the auditor sees it
  Reader* auditor_ = nullptr;
  std::uint64_t next_ = 0;   ///< the lowest that the next offset may be
  std::uint64_t first_ = 0;  ///< the retention has taken what is before
};

}  // namespace hermod::sim
