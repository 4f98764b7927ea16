#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace hermod::crash {

/// What was said about transactions and what has arrived of them, for the threads of one test. Locked.
class TransactionLedger {
 public:
  enum class End { Commit, Rollback };

  /// Of so many messages; before the first of them is sent.
  void begun(const std::string& id, std::uint64_t messages);
  void wants(const std::string& id, End end);
  /// The broker has said that it is done.
  void ended(const std::string& id);
  /// A reader got the `number`-th message of one, as the next of all that it got.
  void arrived(const std::string& reader, const std::string& id, std::uint64_t number);
  /// Something that may never be.
  void broken(const std::string& promise);

  std::uint64_t ended_count() const;
  std::uint64_t arrived_count() const;
  /// True when `reader` has everything of what was committed.
  bool has_all(const std::string& reader) const;
  /// All that is wrong, when nothing is on its way any more.
  std::vector<std::string> violations(const std::vector<std::string>& readers) const;
  /// What was wrong at once.
  std::vector<std::string> broken_promises() const;

 private:
  struct Transaction {
    std::uint64_t messages = 0;
    End end{};
    bool has_ended = false;
    std::map<std::string, std::vector<std::uint64_t>> arrived;  ///< by reader, in the order of arrival
  };

  mutable std::mutex mutex_;
  std::map<std::string, Transaction> transactions_;
  std::vector<std::string> broken_;
  std::uint64_t ended_count_ = 0;
  std::uint64_t arrived_count_ = 0;
};

}  // namespace hermod::crash
