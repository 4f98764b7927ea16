#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "packet.h"
#include "stamp.h"

namespace hermod::bench {

/// A PUBLISH encoded once: sending is one copy and three patches. One per publisher.
class PublishTemplate {
 public:
  /// `payload_size` is raised to Stamp::kSize when smaller. `keys` above 0: each message has a user property
  /// key, one of so many that are the publisher's own, in turn; kNumbers: it has seq instead. Precondition
  /// then: 5.0.
  PublishTemplate(Version version, int qos, std::string_view topic, std::size_t payload_size,
                  std::uint32_t keys = 0);

  /// In place of a number of keys.
  static constexpr std::uint32_t kNumbers = 0xffffffff;

  /// `packet_id` is ignored at QoS 0.
  void append(std::string& out, std::uint16_t packet_id, const Stamp& stamp, bool dup) const;
  std::size_t size() const { return bytes_.size(); }

 private:
  void put_value(char* at, const Stamp& stamp) const;

  std::string bytes_;
  std::size_t packet_id_at_ = 0;  // 0: there is none
  std::size_t value_at_ = 0;      // of the user property; the same
  std::size_t stamp_at_ = 0;
  std::uint32_t keys_ = 0;
};

}  // namespace hermod::bench
