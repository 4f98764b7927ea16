#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "tests/crash/queue_ledger.h"
#include "tests/support/raw_client.h"

namespace hermod::crash {

/// A client that connects again behind every end of its connection, in a thread of its own, until it is told
/// to stop. Made and stopped by the test; a subclass stops it in its destructor.
class ReturningClient {
 public:
  virtual ~ReturningClient() = default;
  ReturningClient(const ReturningClient&) = delete;
  ReturningClient& operator=(const ReturningClient&) = delete;

  void start();
  /// Once its connection has ended it makes none, until release(). May be called before start().
  void hold() { holds_ = true; }
  void release() { holds_ = false; }
  /// Ends the thread, whatever is on the way.
  void stop();

 protected:
  ReturningClient(std::uint16_t port, support::ConnectOptions options, QueueLedger& ledger)
      : port_(port), options_(std::move(options)), ledger_(ledger) {}

  /// Behind CONNACK.
  virtual void greet() = 0;
  /// Between packets. False: the connection is to end, without a DISCONNECT.
  virtual bool step() = 0;
  virtual void on_packet(const support::Packet& packet) = 0;

  const std::string& id() const { return options_.client_id; }
  support::Version version() const { return options_.version; }
  support::RawClient& raw() { return *raw_; }
  QueueLedger& ledger() { return ledger_; }
  /// The connection, and the broker's life in which it was made.
  std::uint64_t connection() const { return connection_; }
  std::uint64_t life() const { return life_; }

 private:
  void run();
  bool connect();

  const std::uint16_t port_;
  const support::ConnectOptions options_;
  QueueLedger& ledger_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> holds_{false};
  std::thread thread_;

  // The thread's own.
  std::unique_ptr<support::RawClient> raw_;
  std::uint64_t life_ = 0;
  std::uint64_t connection_ = 0;
  bool has_session_ = false;
};

/// Options of one that is to find its session again.
support::ConnectOptions returning(const std::string& id, support::Version version = support::Version::V5);

}  // namespace hermod::crash
