#include "worker.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace hermod::bench {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
constexpr std::size_t kScratchSize = 1 << 20;
constexpr std::uint64_t kSlowCheckNs = 20'000'000;
constexpr std::uint64_t kOverdueCheckNs = 1'000'000'000;
constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kRetryConnectNs = 20'000'000;

std::uint64_t as_ns(double seconds) {
  return static_cast<std::uint64_t>(seconds * 1e9);
}

void rest_until(std::uint64_t time_ns) {
  const timespec until{static_cast<time_t>(time_ns / kSecondNs), static_cast<long>(time_ns % kSecondNs)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

}  // namespace

std::uint64_t steady_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecondNs + static_cast<std::uint64_t>(now.tv_nsec);
}

Worker::Worker(const Scenario& scenario, const Address& address, Exchange& exchange, std::uint32_t index,
               std::uint32_t workers, const Opening& opening)
    : scenario_(scenario),
      address_(address),
      opening_(opening),
      board_(exchange, index),
      workers_(workers),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      scratch_(kScratchSize),
      slot_of_publisher_(exchange.gates.size(), kNone),
      random_(scenario.seed * 1000003 + index) {
  board_.wakes.assign(workers, false);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kNone;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event);
}

Worker::~Worker() {
  slots_.clear();
  ::close(event_);
  ::close(epoll_);
}

ConnectSpec Worker::spec_for(const std::string& role, std::uint32_t index) const {
  ConnectSpec spec;
  spec.client_id = scenario_.client_prefix + "-" + role + "-" + std::to_string(index);
  spec.username = scenario_.username;
  spec.password = scenario_.password;
  spec.version = scenario_.version;
  spec.session_expiry_seconds = scenario_.session_expiry_seconds;
  spec.receive_maximum = scenario_.receive_maximum;
  return spec;
}

void Worker::add(std::unique_ptr<Client> client, std::uint32_t number) {
  if (scenario_.is_persistent()) client->keep_session();
  slots_.push_back({std::move(client), number});
}

void Worker::add_publisher(std::uint32_t index) {
  auto client = std::make_unique<Publisher>(spec_for("pub", index), board_, scenario_, index);
  slot_of_publisher_[index] = static_cast<std::uint32_t>(slots_.size());
  publisher_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
  publishers_.push_back(client.get());
  board_.exchange.gates[index].worker = board_.worker;
  add(std::move(client), index);
}

void Worker::add_subscriber(std::uint32_t index) {
  auto client = std::make_unique<Subscriber>(spec_for("sub", index), board_, scenario_, index);
  subscriber_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
  subscribers_.push_back(client.get());
  add(std::move(client), index);
}

void Worker::add_idle(std::uint32_t index, const std::string& filter, std::uint16_t keep_alive_seconds) {
  ConnectSpec spec = spec_for("idle", index);
  spec.keep_alive_seconds = keep_alive_seconds;
  add(std::make_unique<IdleClient>(std::move(spec), board_, filter), index);
}

std::vector<std::string> Worker::client_ids() const {
  std::vector<std::string> ids;
  for (const Slot& slot : slots_) ids.push_back(slot.client->client_id());
  return ids;
}

void Worker::wake() {
  const std::uint64_t one = 1;
  static_cast<void>(!write(event_, &one, sizeof one));
}

void Worker::touch(std::uint32_t slot) {
  if (slots_[slot].is_touched) return;
  slots_[slot].is_touched = true;
  touched_.push_back(slot);
}

void Worker::run() {
  now_ns_ = started_ns_ = steady_ns();
  next_churn_ns_ = now_ns_;
  while (phase_ != Phase::End) {
    open_more();
    reopen_due();
    pump_publishers();
    flush_touched();
    wait();
    follow_phase();
    if (now_ns_ >= next_slow_check_ns_) check_slowly();
    disturb_someone();
  }
  say_goodbye();
}

std::uint64_t Worker::next_wake_ns() const {
  std::uint64_t next = next_slow_check_ns_;
  for (const Reopen& reopen : reopen_) next = std::min(next, reopen.due_ns);
  if (scenario_.rate > 0 && phase_ == Phase::Publish) {
    for (const Publisher* publisher : publishers_)
      if (publisher->next_due_ns() > 0) next = std::min(next, std::max(publisher->next_due_ns(), now_ns_));
  }
  if (scenario_.churn_ms > 0 && phase_ == Phase::Publish) next = std::min(next, next_churn_ns_);
  return next;
}

void Worker::wait() {
  std::array<epoll_event, 512> events;
  const std::uint64_t next = next_wake_ns();
  const std::uint64_t pause = next > now_ns_ ? next - now_ns_ : 0;
  const timespec timeout{static_cast<time_t>(pause / kSecondNs), static_cast<long>(pause % kSecondNs)};
  if (scenario_.turn_us > 0) rest_until(now_ns_ + std::uint64_t{scenario_.turn_us} * 1000);
  const int ready = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  now_ns_ = board_.now_ns = steady_ns();
  for (int i = 0; i < ready; ++i)
    on_event(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
  for (std::uint32_t peer = 0; peer < board_.wakes.size(); ++peer) {
    if (!board_.wakes[peer]) continue;
    board_.wakes[peer] = false;
    peers_[peer]->wake();
  }
}

void Worker::on_event(std::uint64_t token, std::uint32_t events) {
  const auto index = static_cast<std::uint32_t>(token & 0xffffffff);
  if (index == kNone) {
    std::uint64_t count = 0;
    static_cast<void>(!read(event_, &count, sizeof count));
    pump_all_ = true;
    return;
  }
  Slot& slot = slots_[index];
  if (slot.generation != token >> 32 || !slot.client->link().is_open()) return;
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    board_.now_ns = steady_ns();
    if (!slot.client->on_readable(scratch_.data(), scratch_.size())) return on_ended(index);
  }
  touch(index);
}

void Worker::open(std::uint32_t index) {
  Slot& slot = slots_[index];
  ++slot.generation;
  slot.opened_ns = now_ns_;
  const std::uint32_t source = opening_.per_source > 0 ? 0x7f000002 + slot.number / opening_.per_source : 0;
  const Status opened =
      slot.client->connect(address_, source, epoll_, std::uint64_t{slot.generation} << 32 | index);
  if (opened) return;
  if (scenario_.reconnect)
    reopen_.push_back({now_ns_ + kRetryConnectNs, index});
  else
    board_.fail("cannot connect to " + address_.text + ": " + opened.error().detail);
}

void Worker::open_more() {
  if (next_to_open_ >= slots_.size()) return;
  const double elapsed = static_cast<double>(now_ns_ - started_ns_) / 1e9;
  const std::uint64_t allowed =
      opening_.rate > 0 ? static_cast<std::uint64_t>(opening_.rate / workers_ * elapsed) + 1 : slots_.size();
  while (next_to_open_ < slots_.size() && next_to_open_ < allowed &&
         next_to_open_ < board_.live.ready.load(std::memory_order_relaxed) + opening_.at_once)
    open(next_to_open_++);
}

void Worker::reopen_due() {
  for (std::size_t i = 0; i < reopen_.size();) {
    if (reopen_[i].due_ns > now_ns_) {
      ++i;
      continue;
    }
    const std::uint32_t slot = reopen_[i].slot;
    reopen_[i] = reopen_.back();
    reopen_.pop_back();
    open(slot);
  }
}

void Worker::on_ended(std::uint32_t index) {
  Client& client = *slots_[index].client;
  ++board_.broker_closes;
  client.disconnect(Link::Ending::Close);
  if (!scenario_.reconnect) {
    board_.fail("connection of \"" + client.client_id() + "\" to " + address_.text +
                " ended: " + client.ending());
    return;
  }
  ++board_.reconnects;
  reopen_.push_back({now_ns_ + kRetryConnectNs, index});
}

void Worker::disturb_someone() {
  if (scenario_.churn_ms <= 0 || phase_ != Phase::Publish || now_ns_ < next_churn_ns_) return;
  next_churn_ns_ += static_cast<std::uint64_t>(scenario_.churn_ms * 1e6 * workers_);
  const auto index = static_cast<std::uint32_t>(random_() % slots_.size());
  Client& client = *slots_[index].client;
  if (client.state() != Client::State::Ready) return;
  constexpr std::array kEndings = {Link::Ending::Close, Link::Ending::Reset, Link::Ending::Abandon};
  client.disconnect(kEndings[random_() % kEndings.size()]);
  ++board_.reconnects;
  reopen_.push_back({now_ns_ + random_() % 30'000'000, index});
}

void Worker::follow_phase() {
  const Phase phase = board_.exchange.phase.load(std::memory_order_acquire);
  if (phase == phase_) return;
  phase_ = phase;
  next_churn_ns_ = now_ns_ + static_cast<std::uint64_t>(scenario_.churn_ms * 1e6);
  for (Publisher* publisher : publishers_) {
    if (phase == Phase::Publish)
      publisher->start(now_ns_);
    else
      publisher->stop();
  }
  pump_all_ = true;
}

void Worker::pump_publishers() {
  if (pump_all_ || scenario_.rate > 0) {
    pump_all_ = false;
    board_.opened_gates.clear();
    for (std::size_t i = 0; i < publishers_.size(); ++i) {
      publishers_[i]->pump(now_ns_);
      if (publishers_[i]->link().unsent() > 0) touch(publisher_slots_[i]);
    }
  }
  for (const std::uint32_t publisher : board_.opened_gates) touch(slot_of_publisher_[publisher]);
  board_.opened_gates.clear();
}

void Worker::flush_touched() {
  for (const std::uint32_t index : touched_) {
    Slot& slot = slots_[index];
    slot.is_touched = false;
    if (!slot.client->link().is_open()) continue;
    slot.client->pump(now_ns_);
    if (!slot.client->link().flush()) on_ended(index);
  }
  touched_.clear();
}

void Worker::touch_due_subscribers() {
  for (std::size_t i = 0; i < subscribers_.size(); ++i)
    if (subscribers_[i]->has_due(now_ns_)) touch(subscriber_slots_[i]);
}

void Worker::check_slowly() {
  next_slow_check_ns_ = now_ns_ + kSlowCheckNs;
  std::uint64_t finished = 0;
  for (Publisher* publisher : publishers_) {
    publisher->open_if_stalled(now_ns_, as_ns(scenario_.stall_seconds));
    if (publisher->is_finished()) ++finished;
  }
  board_.live.finished_publishers.store(finished, std::memory_order_relaxed);
  pump_all_ = true;
  touch_due_subscribers();
  if (now_ns_ >= next_overdue_check_ns_) check_overdue();
}

void Worker::check_overdue() {
  next_overdue_check_ns_ = now_ns_ + kOverdueCheckNs;
  const std::uint64_t timeout = as_ns(scenario_.ack_timeout_seconds);
  for (std::uint32_t index = 0; index < next_to_open_; ++index) {
    Slot& slot = slots_[index];
    const Client::State state = slot.client->state();
    const bool is_connecting = state == Client::State::AwaitConnack || state == Client::State::AwaitSuback;
    const bool is_late = is_connecting && now_ns_ > slot.opened_ns + timeout;
    if (!is_late && !slot.client->is_overdue(now_ns_, timeout)) continue;
    ++board_.ack_timeouts;
    slot.client->disconnect(Link::Ending::Reset);
    if (scenario_.reconnect)
      reopen_.push_back({now_ns_ + kRetryConnectNs, index});
    else
      board_.fail("no answer to \"" + slot.client->client_id() + "\" within the acknowledgement timeout");
  }
}

void Worker::say_goodbye() {
  for (Subscriber* subscriber : subscribers_) subscriber->release();
  for (Slot& slot : slots_) {
    Link& link = slot.client->link();
    if (!link.is_open()) continue;
    if (slot.client->state() == Client::State::Ready) {
      put_disconnect(link.out(), scenario_.version);
      static_cast<void>(link.flush());
    }
    slot.client->disconnect(Link::Ending::Close);
  }
}

}  // namespace hermod::bench
