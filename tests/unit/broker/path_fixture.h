#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/counters.h"
#include "base/result.h"
#include "broker/options.h"
#include "tests/support/fake_client.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/stepped_broker.h"
#include "wire/property_writer.h"
#include "wire/types.h"

namespace hermod::broker::testing {

using test::FakeClient;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using wire::PacketType;
using wire::QoS;
using wire::ReasonCode;
using wire::Version;

constexpr QoS kQoS0 = QoS::AtMostOnce;
constexpr QoS kQoS1 = QoS::AtLeastOnce;
constexpr QoS kQoS2 = QoS::ExactlyOnce;
constexpr Version kV311 = Version::Mqtt311;
constexpr Version kV5 = Version::Mqtt5;
/// Packet identifiers.
using Ids = std::initializer_list<std::uint16_t>;
/// More bytes than any test makes the broker write.
constexpr std::size_t kPlenty = std::size_t{1} << 40;

struct Testament {
  std::string topic{};
  std::string payload{"will"};
  QoS qos = kQoS0;
  bool retain = false;
  std::uint32_t delay = 0;  ///< seconds
  bool text = false;        ///< the payload is marked as UTF-8 text
};

/// A CONNECT in the words a test needs.
struct Login {
  std::string client_id{};
  Version version = kV5;
  bool durable = false;  ///< its session outlives the connection: for an hour in 5.0, for ever in 3.x
  bool clean = false;    ///< an old session ends; what is not durable in 3.x is always clean
  std::optional<std::uint32_t> expiry{};  ///< seconds, instead of what `durable` says
  std::uint16_t keep_alive = 0;
  std::uint16_t receive_maximum = 65535;
  std::uint32_t maximum_packet_size = 0;  ///< 0: none
  bool problem_information = true;
  bool response_information = false;
  std::string authentication_method{};
  std::optional<Testament> will{};
  std::size_t shard = 0;
  std::size_t room = kPlenty;  ///< bytes the client reads before it stalls
};

struct Words {
  std::string topic{};
  std::string payload{};
  QoS qos = kQoS0;
  std::uint16_t id = 0;
  bool retain = false;
  bool dup = false;
  std::optional<std::uint32_t> expiry{};  ///< seconds
};

/// What a client has received since it was asked last, one text for each packet: the type, "#" and the packet
/// identifier, reasons in hexadecimal unless they are 0, for a message "topic=payload q1", then what is set
/// of "dup", "retain" and "present". Behind the last packet "end" when the broker has closed.
std::vector<std::string> heard(FakeClient& client);

/// Clients and a broker that a test steps by hand, over a journal it can fail and read. Everything lives for
/// one test, on its thread. `options_` is changed before broker() is used first.
class PathTest : public ::testing::Test {
 protected:
  PathTest() {
    options_.threads = 1;
    options_.allow_anonymous = true;
    options_.store.elide_wait = {};  // what is committed is durable at once
  }
  static void SetUpTestSuite();

  test::SteppedBroker& broker();
  /// Shards and transports run until they are idle; nothing is committed.
  void settle_without_commit() { broker().settle_shards(); }
  /// Everything is done but for pages.
  void commit_without_pages() {
    do settle_without_commit();
    while (broker().commit());
  }
  void settle() { broker().settle(); }
  std::uint64_t counted(Counter counter) { return broker().counted(counter); }

  /// A connection whose CONNECT is on its way.
  FakeClient call(const Login& login);
  /// The same, with the answer read: a CONNACK of success and what stood behind it.
  FakeClient login(const Login& login);
  /// An MQTT 5 client that is gone with its connection.
  FakeClient login(std::string_view client_id) { return login({.client_id = std::string(client_id)}); }

  void publish(FakeClient& from, const Words& words);
  /// SUBSCRIBE number 1, stored, and its SUBACK taken away.
  void subscribe(FakeClient& client, std::string_view filter, QoS qos);
  /// The same for a whole subscription.
  void subscribe(FakeClient& client, const wire::SubscribeFilter& filter);

  /// The next group with a change in it fails, and the store is read-only from then on.
  void fail_next_commit(Errc why = Errc::Io) { journal_.fail_after(0, why); }
  /// What the broker commits to. A fixture with a journal of its own calls end_broker() in its destructor.
  virtual store::Journal& journal() { return journal_; }
  /// It finishes its commits and is gone.
  void end_broker() { broker_.reset(); }
  /// The store is there again.
  void repair_store();
  /// The batches that were written since the last call: "append" for an entry, "put" or
  /// "erase" with the table's name, " with will" behind a session that has one; joined by commas.
  std::vector<std::string> written();

  /// Messages that count against the limits of a session's queue.
  std::uint32_t queued(std::string_view client_id);

  Options options_;
  test::FaultyJournal journal_;

 private:
  std::optional<test::SteppedBroker> broker_;
  GroupNo next_to_read_{1};
};

/// The same, once for MQTT 3.1.1 and once for 5.0.
class VersionedPathTest : public PathTest, public ::testing::WithParamInterface<Version> {
 protected:
  static bool is_v5() { return GetParam() == kV5; }
};

}  // namespace hermod::broker::testing
