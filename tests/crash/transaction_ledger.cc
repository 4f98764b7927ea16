#include "tests/crash/transaction_ledger.h"

namespace hermod::crash {

void TransactionLedger::begun(const std::string& id, std::uint64_t messages) {
  const std::lock_guard lock(mutex_);
  transactions_[id].messages = messages;
}

void TransactionLedger::wants(const std::string& id, End end) {
  const std::lock_guard lock(mutex_);
  transactions_[id].end = end;
}

void TransactionLedger::ended(const std::string& id) {
  const std::lock_guard lock(mutex_);
  transactions_[id].has_ended = true;
  ++ended_count_;
}

void TransactionLedger::arrived(const std::string& reader, const std::string& id, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Transaction& transaction = transactions_[id];
  std::vector<std::uint64_t>& got = transaction.arrived[reader];
  if (number != got.size())
    broken_.push_back(reader + " got " + id + " " + std::to_string(number) + " in place of " +
                      std::to_string(got.size()));
  if (transaction.messages != 0 && transaction.end == End::Rollback && transaction.has_ended)
    broken_.push_back(reader + " got a part of " + id + ", which was rolled back");
  got.push_back(number);
  ++arrived_count_;
}

void TransactionLedger::broken(const std::string& promise) {
  const std::lock_guard lock(mutex_);
  broken_.push_back(promise);
}

std::uint64_t TransactionLedger::ended_count() const {
  const std::lock_guard lock(mutex_);
  return ended_count_;
}

std::uint64_t TransactionLedger::arrived_count() const {
  const std::lock_guard lock(mutex_);
  return arrived_count_;
}

bool TransactionLedger::has_all(const std::string& reader) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, transaction] : transactions_) {
    if (!transaction.has_ended || transaction.end != End::Commit) continue;
    const auto got = transaction.arrived.find(reader);
    if (got == transaction.arrived.end() || got->second.size() < transaction.messages) return false;
  }
  return true;
}

std::vector<std::string> TransactionLedger::violations(const std::vector<std::string>& readers) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all = broken_;
  for (const auto& [id, transaction] : transactions_) {
    const bool is_committed = transaction.has_ended && transaction.end == End::Commit;
    for (const std::string& reader : readers) {
      const auto got = transaction.arrived.find(reader);
      const std::size_t count = got == transaction.arrived.end() ? 0 : got->second.size();
      if (count != (is_committed ? transaction.messages : 0))
        all.push_back(reader + " has " + std::to_string(count) + " messages of " + id + ", which " +
                      (is_committed ? "was committed with " + std::to_string(transaction.messages)
                                    : "was not committed"));
    }
  }
  return all;
}

std::vector<std::string> TransactionLedger::broken_promises() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

}  // namespace hermod::crash
