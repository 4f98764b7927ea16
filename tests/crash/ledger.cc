#include "tests/crash/ledger.h"

namespace hermod::crash {

void Ledger::sent(const std::string& topic, std::uint8_t qos, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Topic& about = topics_[topic];
  about.qos = qos;
  if (about.acknowledged.size() <= number) about.acknowledged.resize(number + 1);
}

void Ledger::acknowledged(const std::string& topic, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Topic& about = topics_.at(topic);
  about.acknowledged.at(number) = true;
  about.since[number] = std::chrono::steady_clock::now();
}

void Ledger::forgive(const std::string& prefix, std::chrono::milliseconds window) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  for (auto& [name, about] : topics_) {
    if (!name.starts_with(prefix)) continue;
    for (const auto& [number, since] : about.since) {
      if (now - since > window) continue;
      about.acknowledged.at(number) = false;
      about.forgiven.push_back(number);
    }
    about.since.clear();  // what is older was on the disk
  }
}

std::uint64_t Ledger::lost_count(const std::string& receiver, const std::string& prefix) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t lost = 0;
  const auto topics = received_.find(receiver);
  for (const auto& [name, about] : topics_) {
    if (!name.starts_with(prefix)) continue;
    for (const std::uint64_t number : about.forgiven) {
      const bool came = topics != received_.end() && topics->second.contains(name) &&
                        topics->second.at(name).copies.contains(number);
      lost += came ? 0 : 1;
    }
  }
  return lost;
}

void Ledger::arrived(const std::string& receiver, const std::string& topic, std::uint64_t number,
                     bool first) {
  const std::lock_guard lock(mutex_);
  const auto about = topics_.find(topic);
  if (about == topics_.end() || number >= about->second.acknowledged.size()) {
    broken_.push_back(receiver + " got " + topic + " " + std::to_string(number) + ", which nobody sent");
    return;
  }
  Received& received = received_[receiver][topic];
  std::uint32_t& copies = received.copies[number];
  ++copies;
  if (copies > 1) {
    // QoS 1 may come again. QoS 2 is counted by its receiver only when it is new to it.
    if (about->second.qos == 2 && first)
      broken_.push_back(receiver + " got QoS 2 message " + topic + " " + std::to_string(number) + " twice");
    return;
  }
  if (number < received.next_first && !sharing_.contains(receiver))
    broken_.push_back(receiver + " got " + topic + " " + std::to_string(number) + " behind " +
                      std::to_string(received.next_first - 1));
  received.next_first = number + 1;
}

void Ledger::shares(const std::string& receiver) {
  const std::lock_guard lock(mutex_);
  sharing_.insert(receiver);
}

void Ledger::broken(const std::string& what) {
  const std::lock_guard lock(mutex_);
  broken_.push_back(what);
}

std::uint64_t Ledger::acknowledged_count() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  for (const auto& [name, about] : topics_)
    for (const bool one : about.acknowledged) count += one ? 1 : 0;
  return count;
}

std::optional<std::uint64_t> Ledger::last_acknowledged(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  const auto about = topics_.find(topic);
  if (about == topics_.end()) return std::nullopt;
  const std::vector<bool>& acknowledged = about->second.acknowledged;
  for (std::uint64_t number = acknowledged.size(); number > 0; --number)
    if (acknowledged[number - 1]) return number - 1;
  return std::nullopt;
}

std::uint64_t Ledger::arrived_count() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  for (const auto& [receiver, topics] : received_)
    for (const auto& [name, received] : topics) count += received.copies.size();
  return count;
}

bool Ledger::is_complete(const std::string& receiver, const std::string& prefix) const {
  return group_violations({receiver}, prefix).empty();
}

std::vector<std::string> Ledger::violations(const std::vector<std::string>& receivers,
                                            const std::string& prefix) const {
  std::vector<std::string> all;
  for (const std::string& receiver : receivers)
    for (std::string& one : group_violations({receiver}, prefix)) all.push_back(std::move(one));
  const std::lock_guard lock(mutex_);
  all.insert(all.end(), broken_.begin(), broken_.end());
  if (all.size() > kMost) all.resize(kMost);
  return all;
}

std::vector<std::string> Ledger::group_violations(const std::vector<std::string>& members,
                                                  const std::string& prefix) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [name, about] : topics_) {
    if (!name.starts_with(prefix)) continue;
    for (std::uint64_t number = 0; number < about.acknowledged.size() && all.size() < kMost; ++number) {
      if (!about.acknowledged[number]) continue;
      bool came = false;
      for (const std::string& member : members) {
        const auto topics = received_.find(member);
        if (topics == received_.end()) continue;
        const auto received = topics->second.find(name);
        came = came || (received != topics->second.end() && received->second.copies.contains(number));
      }
      if (!came)
        all.push_back(members.front() + " never got " + name + " " + std::to_string(number) +
                      ", which was acknowledged");
    }
  }
  return all;
}

}  // namespace hermod::crash
