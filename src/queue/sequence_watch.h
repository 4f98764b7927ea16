#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "queue/text_key.h"

namespace hermod::queue {

/// A message that its producer has numbered, on its way into a queue that looks at that.
struct NumberedMessage {
  std::string client_id;
  std::string key;
  std::uint64_t seq = 0;
};

/// The user property of PUBLISH with the number.
inline constexpr std::string_view kSequenceProperty = "seq";

/// Finds losses on the way to the broker, with `seq = "detect"`: a producer that numbers its messages per key
/// (user property `seq`) shows by a gap that one did not arrive, and by a repeat that one came twice. Detects
/// only; the message goes its way. Owned by its queue, same thread. Knows the last number of so many
/// producers and keys, and so many bytes of their names; whoever was silent longest is forgotten first.
/// Begins anew with the broker: the first number of a producer is always right.
class SequenceWatch {
 public:
  enum class Finding : std::uint8_t { InOrder, Gap, Repeat };
  struct Report {
    Finding finding = Finding::InOrder;
    std::uint64_t expected = 0;  ///< Gap, Repeat
  };

  explicit SequenceWatch(std::size_t most_known = 100'000, std::size_t most_bytes = std::size_t{32} << 20)
      : most_known_(most_known), most_bytes_(most_bytes) {}

  /// A repeat is a number that is not above the last one; what comes next is measured by the highest.
  Report on_message(std::string_view client_id, std::string_view key, std::uint64_t seq);
  std::size_t size() const { return known_.size(); }

  /// The number in the user property, or nothing: it is no whole number.
  static std::optional<std::uint64_t> parse(std::string_view text);

 private:
  struct Producer {
    std::string who;  ///< client identifier and key
    std::uint64_t highest = 0;
  };
  using Producers = std::list<Producer>;

  void forget_silent();

  const std::size_t most_known_;
  const std::size_t most_bytes_;
  std::size_t bytes_ = 0;                                              ///< of their names
  Producers producers_;                                                ///< whoever was heard last is in front
  absl::flat_hash_map<absl::string_view, Producers::iterator> known_;  ///< by who, inside the list
};

}  // namespace hermod::queue
