#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hermod::crash {

/// What publishers sent and were promised, and what subscribers got, over any number of deaths of the broker.
/// Messages are numbered from 0 per topic. Shared by all threads of a test, locked.
class Ledger {
 public:
  /// One topic has one publisher and one QoS.
  void sent(const std::string& topic, std::uint8_t qos, std::uint64_t number);
  /// PUBACK or PUBREC with success came.
  void acknowledged(const std::string& topic, std::uint64_t number);
  /// The power was cut: what was acknowledged less than `window` ago on topics that begin with `prefix` may
  /// be lost. The promise to a publisher that sends it again is a new one.
  void forgive(const std::string& prefix, std::chrono::milliseconds window);
  /// Of what was forgiven: how much `receiver` never got.
  std::uint64_t lost_count(const std::string& receiver, const std::string& prefix) const;
  /// `first` tells that the receiver's side of the exchange has not seen it before (no DUP, or a QoS 2
  /// identifier it does not hold).
  void arrived(const std::string& receiver, const std::string& topic, std::uint64_t number, bool first);
  /// This receiver shares a group with others: what one of them leaves behind comes to another one late.
  void shares(const std::string& receiver);
  /// A promise that a client saw broken by itself.
  void broken(const std::string& what);

  /// Topics and numbers that were acknowledged and not forgiven.
  std::uint64_t acknowledged_count() const;
  /// The highest number of the topic that was acknowledged; nothing when none was.
  std::optional<std::uint64_t> last_acknowledged(const std::string& topic) const;
  /// Different messages that each receiver got, of all receivers.
  std::uint64_t arrived_count() const;
  /// Messages of QoS 2 that a receiver got twice, and first copies that came behind a later one.
  std::uint64_t twice_count() const;
  std::uint64_t disordered_count() const;
  /// How many messages that were acknowledged on topics that begin with `prefix` came to none of them.
  std::uint64_t missing_count(const std::vector<std::string>& members, const std::string& prefix) const;
  /// True when `receiver` has got everything that was acknowledged on topics that begin with `prefix`.
  bool is_complete(const std::string& receiver, const std::string& prefix) const;
  /// Every promise about these receivers that was not kept, at most twenty of them.
  std::vector<std::string> violations(const std::vector<std::string>& receivers,
                                      const std::string& prefix) const;
  /// Members of one group together: everything that was acknowledged came to one of them.
  std::vector<std::string> group_violations(const std::vector<std::string>& members,
                                            const std::string& prefix) const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Topic {
    std::uint8_t qos = 0;
    std::vector<Time> acknowledged;  ///< by number; Time{}: it was not, or is forgiven
    std::vector<std::uint64_t> forgiven;
    Time last_cut{};
  };
  struct Received {
    std::vector<std::uint8_t> copies;  ///< by number; 2 is many
    std::uint64_t next_first = 0;      ///< a first copy below this one came out of order

    bool has(std::uint64_t number) const { return number < copies.size() && copies[number] > 0; }
  };
  /// Calls visit(topic, number) for each that is acknowledged and came to none of them, until it says false.
  template <class Visit>
  void for_each_missing(const std::vector<std::string>& members, const std::string& prefix,
                        Visit visit) const;

  static constexpr std::size_t kMost = 20;

  mutable std::mutex mutex_;
  std::map<std::string, Topic> topics_;
  std::map<std::string, std::map<std::string, Received>> received_;  ///< by receiver and topic
  std::set<std::string> sharing_;
  /// By first member and topic: everything below was acknowledged and came. A long run asks often.
  mutable std::map<std::pair<std::string, std::string>, std::uint64_t> settled_;
  std::vector<std::string> broken_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t twice_ = 0;
  std::uint64_t disordered_ = 0;
};

}  // namespace hermod::crash
