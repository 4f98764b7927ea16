#pragma once
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "address.h"
#include "board.h"
#include "publisher.h"
#include "scenario.h"
#include "subscriber.h"

namespace hermod::bench {

/// One thread of the generator: an epoll loop and the clients it serves. Writes leave at the end of each
/// turn, so that everything a turn produced for one connection is one system call. Built and filled by the
/// controller's thread, then touched by its own alone, except wake() and board().live.
class Worker {
 public:
  /// How the connections of the load come up.
  struct Opening {
    std::uint32_t at_once = 128;   ///< connections that may be between connect() and ready
    double rate = 0;               ///< a second; 0: no limit
    std::uint32_t per_source = 0;  ///< above 0: client i connects from 127.0.0.(2 + i / per_source)
  };

  Worker(const Scenario& scenario, const Address& address, Exchange& exchange, std::uint32_t index,
         std::uint32_t workers, const Opening& opening);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  void add_publisher(std::uint32_t index);
  void add_subscriber(std::uint32_t index);
  /// `filter` empty: no subscription.
  void add_idle(std::uint32_t index, const std::string& filter, std::uint16_t keep_alive_seconds);
  void set_peers(std::vector<Worker*> peers) { peers_ = std::move(peers); }

  /// Until the phase is End; then says goodbye.
  void run();
  /// Any thread.
  void wake();

  const Board& board() const { return board_; }
  /// After run().
  const std::vector<Publisher*>& publishers() const { return publishers_; }
  const std::vector<Subscriber*>& subscribers() const { return subscribers_; }
  std::vector<std::string> client_ids() const;

 private:
  struct Slot {
    std::unique_ptr<Client> client;
    std::uint32_t number = 0;      // among all clients of the run
    std::uint32_t generation = 0;  // of its connection
    std::uint64_t opened_ns = 0;
    bool is_touched = false;
  };
  struct Reopen {
    std::uint64_t due_ns = 0;
    std::uint32_t slot = 0;
  };

  void add(std::unique_ptr<Client> client, std::uint32_t number);
  ConnectSpec spec_for(const std::string& role, std::uint32_t index) const;
  void wait();
  void on_event(std::uint64_t token, std::uint32_t events);
  void follow_phase();
  void open_more();
  void reopen_due();
  void open(std::uint32_t slot);
  void on_ended(std::uint32_t slot);
  void disturb_someone();
  void pump_publishers();
  void check_slowly();
  void check_overdue();
  void flush_touched();
  void touch(std::uint32_t slot);
  void say_goodbye();
  void touch_due_subscribers();
  std::uint64_t next_wake_ns() const;

  const Scenario& scenario_;
  Address address_;
  Opening opening_;
  Board board_;
  std::uint32_t workers_;
  std::vector<Worker*> peers_;
  int epoll_ = -1;
  int event_ = -1;
  std::vector<std::uint8_t> scratch_;
  std::vector<Slot> slots_;
  std::vector<Publisher*> publishers_;
  std::vector<Subscriber*> subscribers_;
  std::vector<std::uint32_t> publisher_slots_;    // beside publishers_
  std::vector<std::uint32_t> subscriber_slots_;   // beside subscribers_
  std::vector<std::uint32_t> slot_of_publisher_;  // by publisher number; kNone elsewhere
  std::vector<std::uint32_t> touched_;
  std::vector<Reopen> reopen_;
  std::mt19937_64 random_;
  Phase phase_ = Phase::Connect;
  std::uint64_t now_ns_ = 0;
  std::uint64_t started_ns_ = 0;
  std::uint64_t next_slow_check_ns_ = 0;
  std::uint64_t next_overdue_check_ns_ = 0;
  std::uint64_t next_churn_ns_ = 0;
  std::uint32_t next_to_open_ = 0;
  bool pump_all_ = false;
};

/// Steady clock, nanoseconds.
std::uint64_t steady_ns();

}  // namespace hermod::bench
