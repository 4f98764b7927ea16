#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/committer.h"

namespace hermod::store::testing {

/// A ticket with a name that counts how many of its kind are alive.
struct NamedTicket final : Ticket {
  explicit NamedTicket(std::string given) : name(std::move(given)) { ++alive(); }
  ~NamedTicket() override { --alive(); }
  NamedTicket(const NamedTicket&) = delete;
  NamedTicket& operator=(const NamedTicket&) = delete;
  static std::atomic<int>& alive() {
    static std::atomic<int> count{0};
    return count;
  }
  std::string name;
};

/// Writes down every call, as "stage:name" with the sequences of the batch.
class RecordingObserver final : public CommitObserver {
 public:
  void on_sequenced(std::span<Done> group) override { record("sequenced", group); }
  void on_durable(std::span<Done> group) override { record("durable", group); }
  void on_failed(std::span<Done> group, const Error& why) override {
    record("failed", group);
    last_error = why;
  }

  std::vector<std::string> events;
  std::vector<std::size_t> call_sizes;
  Error last_error;

 private:
  void record(const std::string& stage, std::span<Done> group) {
    call_sizes.push_back(group.size());
    for (const Done& done : group) {
      const auto* ticket = dynamic_cast<const NamedTicket*>(done.ticket.get());
      std::string event = stage + ":" + (ticket ? ticket->name : "none");
      for (const Appended& appended : done.appended)
        event += " " + std::to_string(appended.op) + "@" + std::to_string(appended.stream.v) + "=" +
                 std::to_string(appended.seq.v);
      events.push_back(std::move(event));
    }
  }
};

/// Keeps the records; fails the appends it is told to, and syncs while it is told to.
class ScriptedJournal final : public Journal {
 public:
  Status append(GroupNo number, std::span<const Bytes> group, Sync when) override {
    ++appends;
    numbers.push_back(number.v);
    if (failing.contains(appends)) return failure(Errc::NoSpace, "disk full");
    std::string record;
    for (const Bytes piece : group) record += as_text(piece);
    records.push_back(std::move(record));
    last = number;
    return when == Sync::Now ? sync() : Status{};
  }
  Status sync() override {
    ++syncs;
    if (syncs_fail) return failure(Errc::Io, "sync");
    on_disk = last;
    return {};
  }
  GroupNo synced() const override { return on_disk; }
  Status replay(GroupNo, const Visit&) override { return {}; }
  Status trim(GroupNo) override { return {}; }

  int appends = 0;
  int syncs = 0;
  bool syncs_fail = false;
  GroupNo last;
  GroupNo on_disk;
  std::set<int> failing;
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> records;
};

class StillClock final : public Clock {
 public:
  MonotonicTime now() const override { return MonotonicTime{}; }
  WallTime wall() const override { return WallTime(std::chrono::microseconds(1234)); }
};

inline WriteBatch appending(std::uint64_t stream, std::string_view value = "value") {
  WriteBatch batch;
  batch.append({stream}, as_bytes(value));
  return batch;
}

inline std::unique_ptr<Ticket> named(std::string name) {
  return std::make_unique<NamedTicket>(std::move(name));
}

/// A committer without a thread, stepped by hand.
class CommitterTest : public ::testing::Test {
 protected:
  ScriptedJournal journal_;
  RecordingObserver observer_;
  StillClock clock_;
  Options options_;
  Committer committer_{options_, journal_, observer_, clock_};
};

}  // namespace hermod::store::testing
