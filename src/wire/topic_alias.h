#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

#include "wire/packets.h"
#include "wire/protocol_error.h"

/// Topic aliases belong to one network connection and one direction; they end with it (3.3.2.3.4).
namespace hermod::wire {

/// The aliases our peer set: alias to topic. Touched by the connection's shard; owns no memory until the
/// first alias arrives, then at most the maximum's number of topics.
class InboundTopicAliases {
 public:
  /// `maximum` is the Topic Alias Maximum we announced; 0 = none are accepted.
  explicit InboundTopicAliases(std::uint16_t maximum = 0) : maximum_(maximum) {}
  void set_maximum(std::uint16_t maximum) { maximum_ = maximum; }
  std::uint16_t maximum() const { return maximum_; }

  /// The topic of `publish`, remembering it when the packet says so. The view is of the packet or of this
  /// table; valid until the next resolve(). Call it for every PUBLISH, also for one that is then refused:
  /// the peer believes the alias is set.
  tl::expected<std::string_view, ProtocolError> resolve(const Publish& publish);

 private:
  std::uint16_t maximum_;
  std::vector<std::string> topics_;  // [alias - 1]; empty = not set
};

/// What a PUBLISH to be sent should carry.
struct AliasChoice {
  std::uint16_t alias = 0;  ///< 0 = none
  bool send_topic = true;   ///< false: the receiver knows the alias, the topic stays empty
};

/// The aliases we set at our peer: topic to alias; the topic used longest ago gives its alias up. Touched by
/// the connection's shard; owns no memory until the first alias is given.
class OutboundTopicAliases {
 public:
  /// `maximum` is the smaller of the peer's Topic Alias Maximum and our own bound; 0 = none.
  explicit OutboundTopicAliases(std::uint16_t maximum = 0) : maximum_(maximum) {}
  OutboundTopicAliases(const OutboundTopicAliases&) = delete;
  OutboundTopicAliases& operator=(const OutboundTopicAliases&) = delete;
  /// Precondition: no alias was given yet.
  void set_maximum(std::uint16_t maximum);
  std::uint16_t maximum() const { return maximum_; }

  /// What use() would return now; changes nothing. For the size of a packet that may yet be dropped.
  AliasChoice peek(std::string_view topic) const;
  /// Chooses and remembers. Call it only for a packet that is encoded right afterwards, so that both sides'
  /// tables stay equal.
  AliasChoice use(std::string_view topic);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Entry {
    std::uint16_t alias = 0;
    Entry* newer = nullptr;
    Entry* older = nullptr;
    const std::string* topic = nullptr;  // the key, for eviction
  };
  using Entries = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

  /// The property costs as much; a shorter topic is cheaper without.
  static constexpr std::size_t kPropertySize = 3;

  bool is_worth_it(std::string_view topic) const;
  Entry& add(std::string_view topic);
  Entry& take_over_oldest(std::string_view topic);
  void unlink(Entry& entry);
  void link_newest(Entry& entry);

  std::uint16_t maximum_;
  Entries entries_;
  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
};

}  // namespace hermod::wire
