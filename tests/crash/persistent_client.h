#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/ledger.h"
#include "tests/crash/stream_offsets.h"
#include "tests/support/raw_client.h"

namespace hermod::crash {

/// A client that keeps its half of the session over every death of the broker and connects again until it is
/// told to stop. Publishes numbered messages or subscribes, in a thread of its own; writes what it sees into
/// the ledger. Made and stopped by the test.
class PersistentClient {
 public:
  struct Role {
    std::string id;
    std::vector<support::Subscription> subscriptions{};
    /// Publishers: one topic, one QoS, this many messages on the way at once; 0 = none.
    std::string topic{};
    std::uint8_t qos = 0;
    std::size_t window = 0;
    std::uint64_t most =
        std::numeric_limits<std::uint64_t>::max();  ///< that many messages, and it is finished
    bool retain = false;
    std::size_t padding = 0;           ///< bytes behind the number
    bool has_session = false;          ///< it was there before, with its subscriptions
    std::uint32_t delay = 0;           ///< seconds; above 0: what it publishes is a delayed message
    StreamOffsets* offsets = nullptr;  ///< it reads a stream, and these are its account
  };

  PersistentClient(std::uint16_t port, Role role, Ledger& ledger)
      : port_(port), role_(std::move(role)), ledger_(ledger), has_session_(role_.has_session) {}
  ~PersistentClient() { stop(); }
  PersistentClient(const PersistentClient&) = delete;
  PersistentClient& operator=(const PersistentClient&) = delete;

  void start();
  /// Once its connection has ended it makes none, until release(). May be called before start().
  void hold() { holds_ = true; }
  void release() { holds_ = false; }
  /// Ends its connection without a DISCONNECT; none is made until release().
  void leave() {
    holds_ = true;
    leaves_ = true;
  }
  /// Nothing new is published; what is on the way is finished.
  void finish() { finishing_ = true; }
  bool is_finished() const { return idle_; }
  /// Its subscriptions stand.
  bool is_subscribed() const { return has_subscribed_; }
  /// What it publishes to; empty when it only subscribes.
  const std::string& topic() const { return role_.topic; }
  /// Ends the thread, whatever is on the way.
  void stop();

 private:
  struct Outgoing {
    std::uint64_t number;
    std::uint16_t id;
    bool released = false;
  };

  void run();
  bool connect();
  void serve();
  void publish_more();
  bool send_again();
  void on_packet(const support::Packet& packet);
  void on_message(const support::Message& message);
  void on_entry(const support::Message& message);
  void on_answer(support::Type type, std::uint16_t id);
  std::string publish_bytes_of(const Outgoing& out, bool duplicate) const;

  const std::uint16_t port_;
  const Role role_;
  Ledger& ledger_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> holds_{false};
  std::atomic<bool> leaves_{false};
  std::atomic<bool> finishing_{false};
  std::atomic<bool> idle_{false};
  std::atomic<bool> has_subscribed_{false};  ///< SUBACK has come: from now on they belong to the session
  std::thread thread_;

  // The thread's own.
  std::unique_ptr<support::RawClient> raw_;
  bool has_session_;
  std::deque<Outgoing> outgoing_;
  std::uint64_t next_number_ = 0;
  std::uint16_t last_id_ = 0;
  std::set<std::uint16_t> held_;  ///< QoS 2 identifiers of the broker that were not released yet
};

}  // namespace hermod::crash
