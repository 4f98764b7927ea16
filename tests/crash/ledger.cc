#include "tests/crash/ledger.h"

#include <algorithm>

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
  Time& when = about.acknowledged.at(number);
  if (when == Time{}) ++acknowledged_;
  when = std::chrono::steady_clock::now();
}

void Ledger::forgive(const std::string& prefix, std::chrono::milliseconds window) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  for (auto& [name, about] : topics_) {
    if (!name.starts_with(prefix)) continue;
    for (std::uint64_t number = 0; number < about.acknowledged.size(); ++number) {
      Time& when = about.acknowledged[number];
      // What is older than the cut before this one was on the disk.
      if (when == Time{} || when <= about.last_cut || now - when > window) continue;
      when = Time{};
      --acknowledged_;
      about.forgiven.push_back(number);
    }
    about.last_cut = now;
  }
}

std::uint64_t Ledger::lost_count(const std::string& receiver, const std::string& prefix) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t lost = 0;
  const auto topics = received_.find(receiver);
  for (const auto& [name, about] : topics_) {
    if (!name.starts_with(prefix)) continue;
    for (const std::uint64_t number : about.forgiven) {
      const bool came =
          topics != received_.end() && topics->second.contains(name) && topics->second.at(name).has(number);
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
  const bool again = received.has(number);
  if (received.copies.size() <= number) received.copies.resize(number + 1);
  received.copies[number] = again ? 2 : 1;
  if (again) {
    // QoS 1 may come again. QoS 2 is counted by its receiver only when it is new to it.
    if (about->second.qos == 2 && first) {
      ++twice_;
      broken_.push_back(receiver + " got QoS 2 message " + topic + " " + std::to_string(number) + " twice");
    }
    return;
  }
  ++arrived_;
  if (number < received.next_first && !sharing_.contains(receiver)) {
    ++disordered_;
    broken_.push_back(receiver + " got " + topic + " " + std::to_string(number) + " behind " +
                      std::to_string(received.next_first - 1));
  }
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
  return acknowledged_;
}

std::optional<std::uint64_t> Ledger::last_acknowledged(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  const auto about = topics_.find(topic);
  if (about == topics_.end()) return std::nullopt;
  const std::vector<Time>& acknowledged = about->second.acknowledged;
  for (std::uint64_t number = acknowledged.size(); number > 0; --number)
    if (acknowledged[number - 1] != Time{}) return number - 1;
  return std::nullopt;
}

std::uint64_t Ledger::arrived_count() const {
  const std::lock_guard lock(mutex_);
  return arrived_;
}

std::uint64_t Ledger::twice_count() const {
  const std::lock_guard lock(mutex_);
  return twice_;
}

std::uint64_t Ledger::disordered_count() const {
  const std::lock_guard lock(mutex_);
  return disordered_;
}

template <class Visit>
void Ledger::for_each_missing(const std::vector<std::string>& members, const std::string& prefix,
                              Visit visit) const {
  for (const auto& [name, about] : topics_) {
    if (!name.starts_with(prefix)) continue;
    std::vector<const Received*> all;
    for (const std::string& member : members) {
      const auto topics = received_.find(member);
      if (topics == received_.end()) continue;
      const auto received = topics->second.find(name);
      if (received != topics->second.end()) all.push_back(&received->second);
    }
    std::uint64_t& settled = settled_[{members.front(), name}];
    for (std::uint64_t number = settled; number < about.acknowledged.size(); ++number) {
      const bool came = std::any_of(all.begin(), all.end(), [&](auto* one) { return one->has(number); });
      const bool acknowledged = about.acknowledged[number] != Time{};
      if (acknowledged && came && number == settled) ++settled;
      if (acknowledged && !came && !visit(name, number)) return;
    }
  }
}

std::uint64_t Ledger::missing_count(const std::vector<std::string>& members,
                                    const std::string& prefix) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  for_each_missing(members, prefix, [&](const std::string&, std::uint64_t) {
    ++count;
    return true;
  });
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
  for_each_missing(members, prefix, [&](const std::string& topic, std::uint64_t number) {
    all.push_back(members.front() + " never got " + topic + " " + std::to_string(number) +
                  ", which was acknowledged");
    return all.size() < kMost;
  });
  return all;
}

}  // namespace hermod::crash
