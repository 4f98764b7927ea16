#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/types.h"

namespace hermod::sim {

/// The rule of MQTT 4.7, written once more and as simply as possible: `$share/<name>/` is not part of
/// `filter`.
bool matches(std::string_view filter, std::string_view topic);

/// One subscription of a client from the SUBSCRIBE to its end, as far as the client can know: steps.
struct Stay {
  std::string filter;      ///< as it was sent
  std::string bare;        ///< without `$share/<name>/`
  std::string share_name;  ///< empty: not shared
  wire::QoS qos{};
  bool no_local = false;
  bool retain_as_published = false;
  std::uint32_t identifier = 0;
  bool wants_retained = false;           ///< every SUBSCRIBE until the SUBACK asked for retained messages
  std::uint64_t asked = 0;               ///< SUBSCRIBE sent
  std::optional<std::uint64_t> granted;  ///< SUBACK received
  std::optional<std::uint64_t> leaving;  ///< UNSUBSCRIBE sent
  std::optional<std::uint64_t> left;     ///< UNSUBACK received
  bool lost = false;                     ///< ended with its session: what was in the queue may be gone
  /// From then on the broker matches nothing with it. Later than `left` when the client ended the session by
  /// ending the connection, of which the broker hears in its own time.
  std::optional<std::uint64_t> gone;
  /// The broker crashed when the end of the session was not stored, so the session may be there again.
  bool revived = false;
};

/// What one client believes of its subscriptions, over the whole schedule and all of its sessions.
class SubscriptionBook {
 public:
  /// The stay under this filter that may still be in force, or null.
  Stay* open(std::string_view filter);
  void asked(const Stay& stay, bool wants_retained);
  void granted(std::string_view filter, std::uint64_t step);
  /// The broker refused, or never heard of it.
  void refused(std::string_view filter, std::uint64_t step);
  void leaving(std::string_view filter, std::uint64_t step);
  void left(std::string_view filter, std::uint64_t step);
  /// The session is over for the client; everything in it is gone.
  void session_lost(std::uint64_t step);
  /// A CONNACK came: what was lost until now is gone for the broker too.
  void connected(std::uint64_t step);
  /// What happened up to the step `durable` was on the disk.
  void broker_crashed(std::uint64_t durable);
  /// A SUBSCRIBE was sent that asks for retained messages.
  void retained_asked(std::string_view filter) { retained_asks_.emplace_back(filter); }

  const std::vector<Stay>& stays() const { return stays_; }
  /// How often retained messages of this topic may come.
  std::size_t retained_allowance(std::string_view topic) const;

 private:
  std::vector<Stay> stays_;
  std::vector<std::string> retained_asks_;
};

}  // namespace hermod::sim
