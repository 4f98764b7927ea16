#pragma once
#include <string>
#include <vector>

#include "tests/integration/hermodctl/hermodctl_test.h"

namespace hermod::integration {

/// Something of every kind that a broker stores, below topics and client identifiers that begin with `name`;
/// written by clients into a running broker, and looked for by others in one that started on a copy.
class GoldenContents : public Hermodctl {
 protected:
  /// Clients that are connected when the broker is killed.
  using Connected = std::vector<MqttClient>;
  Connected write_contents(const std::string& name);
  /// What a dump has to show. `change`: what stands in front of a table's name in the journal.
  void expect_dumped(const std::string& dump, const std::string& name);
  void expect_contents(const std::string& name);

  /// A will that is published a second after its client is gone.
  MqttClient write_hasty_will();
  void expect_hasty_will();

 private:
  void write_subscriptions(const std::string& name);
  void write_queues(const std::string& name);
  void write_inbound(const std::string& name, Connected& connected);
  void write_outbound(const std::string& name, Connected& connected);
  void write_group(const std::string& name);
  void expect_subscriptions(const std::string& name);
  void expect_queues(const std::string& name);
  void expect_inbound(const std::string& name);
  void expect_outbound(const std::string& name);
  void expect_group(const std::string& name);
  void expect_retained(const std::string& name);

  MqttClient lasting(const std::string& id, Version version = Version::V5);
};

}  // namespace hermod::integration
