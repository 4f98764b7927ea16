#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/sim/report.h"
#include "tests/sim/subscription_book.h"
#include "tests/support/fake_client.h"
#include "wire/types.h"

namespace hermod::sim {

/// What is known of a will, from its CONNECT to the end of its connection.
struct WillFate {
  std::uint32_t delay = 0;  ///< seconds
  bool withdrawn = false;   ///< the broker took a normal DISCONNECT, or the session was resumed in time
  std::optional<std::uint64_t> goodbye;  ///< the step in which it took that DISCONNECT
  bool recorded = false;                 ///< CONNACK said so, and the session outlives its connection
  bool uncertain = false;                ///< a crash may have taken it
  bool due = false;                      ///< it must have been published by the end of the schedule
  std::optional<std::chrono::nanoseconds> not_before;
};

/// One application message that a client published, or left as a will.
struct Sent {
  enum class Fate {
    Open,
    Acked,
    Refused,    ///< a reason code said that the broker did not take it
    Abandoned,  ///< the client forgot it with its session: it may have been taken or not
  };
  std::size_t publisher = 0;
  std::uint32_t publisher_session = 0;
  std::string topic;
  wire::QoS qos{};
  bool retain = false;
  bool clears = false;   ///< an empty payload, which cannot be told from others
  bool expires = false;  ///< has a Message Expiry Interval
  bool again = false;    ///< was sent once more on a later connection
  bool crossed = false;  ///< the broker crashed before it was acknowledged
  Moment first_sent;
  Fate fate = Fate::Open;
  std::uint64_t acked = 0;  ///< the step
  std::optional<WillFate> will;
};

/// One client's side of an arrival.
struct Receiver {
  std::size_t client = 0;
  std::uint32_t session = 0;
  const SubscriptionBook& book;
};

/// Everything that was published and everything that arrived. It knows the promises and says which is broken.
class Ledger {
 public:
  explicit Ledger(Report& report) : report_(report) {}

  /// A message leaves its client for the first time. Returns its number.
  std::size_t begin(Sent sent);
  Sent& at(std::size_t number) { return sent_[number]; }
  std::size_t size() const { return sent_.size(); }
  /// The payload that carries the number, `size` bytes or a little more.
  static std::string payload(std::size_t number, std::size_t size);

  /// A PUBLISH reached a client; for QoS 2 only the first with its packet identifier.
  void arrived(const Receiver& to, const test::Arrived& packet);

  /// From now on commits may have failed: what was published at QoS 0 before its commit cannot be called
  /// back.
  void disturb() { disturbed_ = true; }
  /// From now on a message may have been refused or dropped, sent again and taken behind the next one.
  void expect_refusals() { refusals_ = true; }
  /// The broker is gone with everything that was not on the disk. What happened up to the step `durable` was.
  void broker_crashed(std::uint64_t durable);
  bool is_disturbed() const { return disturbed_; }

  // At the end, when everything has come to rest.
  void check_everybody_got_everything(const std::vector<const SubscriptionBook*>& books);
  void check_groups(const std::vector<const SubscriptionBook*>& books);
  void check_wills(std::size_t watcher, bool must_arrive);
  /// `payload`: of the retained message of `topic`, if there is one.
  void check_retained(const std::string& topic, const std::optional<std::string>& payload);
  /// Whoever is subscribed has the value that is retained: it came alive, or for the subscription.
  void check_retained_arrived(const std::string& topic, const std::string& payload,
                              const std::vector<const SubscriptionBook*>& books);
  std::vector<std::string> retained_topics() const;

 private:
  /// Arrivals of one message at one client.
  struct Tally {
    std::size_t live[3] = {};      ///< RETAIN 0, by QoS
    std::size_t retained[3] = {};  ///< RETAIN 1, by QoS
    std::size_t fresh[3] = {};     ///< RETAIN 0 and DUP 0, by QoS
    std::size_t exact = 0;         ///< at QoS 2, RETAIN 0 or 1
    std::size_t total_live() const { return live[0] + live[1] + live[2]; }
    std::size_t total_fresh() const { return fresh[0] + fresh[1] + fresh[2]; }
    std::size_t total() const { return total_live() + retained[0] + retained[1] + retained[2]; }
  };
  using Lane = std::tuple<std::size_t, std::uint32_t, std::size_t, std::uint32_t, std::string, int, int>;

  void check_subscribed(const Receiver& to, std::size_t number, const test::Arrived& packet);
  void check_copies(const Receiver& to, std::size_t number, const test::Arrived& packet, const Tally& tally);
  void check_order(const Receiver& to, std::size_t number, const test::Arrived& packet, const Tally& before);
  bool may_follow(const Sent& earlier, const Sent& later) const;
  void broken(const std::string& promise, std::size_t number, std::size_t client);
  std::size_t total(std::size_t client, std::size_t number) const;

  Report& report_;
  std::vector<Sent> sent_;
  std::map<std::pair<std::size_t, std::size_t>, Tally> tallies_;  // client, number
  std::map<Lane, std::size_t> last_;
  bool disturbed_ = false;
  bool refusals_ = false;
  bool crashed_ = false;
};

}  // namespace hermod::sim
