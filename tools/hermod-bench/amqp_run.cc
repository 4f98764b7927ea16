#include "amqp_run.h"

#include <poll.h>

#include <algorithm>
#include <map>
#include <memory>

#include "amqp_link.h"
#include "delivery_map.h"
#include "process_stat.h"
#include "stamp.h"
#include "worker.h"

namespace hermod::bench {
namespace {

using namespace amqp;

constexpr int kTurnMs = 20;

struct Producer {
  AmqpLink link;
  std::uint64_t sent = 0;
  std::uint64_t receipts = 0;
  std::map<std::uint64_t, std::uint64_t> unconfirmed;  // delivery tag: when it was sent
};

struct Consumer {
  AmqpLink link;
  std::uint64_t delivery_tag = 0;  // of the message whose header and body come next
  std::vector<DeliveryMap> deliveries;
};

/// Everything a run owns.
class AmqpRun {
 public:
  explicit AmqpRun(const Scenario& scenario) : scenario_(scenario) { outcome_.scenario = scenario; }
  Result<Outcome> execute();

 private:
  struct Snapshot {
    std::uint64_t at_ns = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t own_cpu_ns = 0;
    ProcessSample broker;
  };

  Status open(const Address& address);
  Status open_consumer(Consumer& consumer);
  Snapshot snapshot();
  /// Publishes what windows allow, and serves what comes, until `end_ns`, or until nothing is under way.
  Status serve(std::uint64_t end_ns, bool publishes);
  Status publish(std::size_t index);
  void on_producer_frame(Producer& producer, const AmqpFrame& frame);
  void on_consumer_frame(Consumer& consumer, const AmqpFrame& frame);
  void on_message(Consumer& consumer, Bytes payload);
  bool is_idle() const;
  void count();

  const Scenario& scenario_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t now_ns_ = 0;
  std::string payload_;
  Outcome outcome_;
};

std::string queue_arguments(const std::string& queue) {
  std::string arguments;
  ByteWriter writer(arguments);
  writer.u16(0);
  put_short_text(arguments, queue);
  writer.u8(2);  // durable
  writer.u32(0);
  return arguments;
}

Status AmqpRun::open_consumer(Consumer& consumer) {
  std::string prefetch;
  ByteWriter writer(prefetch);
  writer.u32(0);
  writer.u16(static_cast<std::uint16_t>(scenario_.window));
  writer.u8(0);
  if (const Status set = consumer.link.call(Method::BasicQos, prefetch, Method::BasicQosOk); !set) return set;
  std::string arguments;
  ByteWriter consume(arguments);
  consume.u16(0);
  put_short_text(arguments, scenario_.queue);
  put_short_text(arguments, "");
  consume.u8(0);
  consume.u32(0);
  return consumer.link.call(Method::BasicConsume, arguments, Method::BasicConsumeOk);
}

Status AmqpRun::open(const Address& address) {
  const std::string username = scenario_.username.empty() ? "guest" : scenario_.username;
  const std::string password = scenario_.username.empty() ? "guest" : scenario_.password;
  for (std::uint32_t i = 0; i < scenario_.publishers; ++i) {
    Producer& producer = *producers_.emplace_back(std::make_unique<Producer>());
    if (const Status opened = producer.link.open(address, username, password); !opened) return opened;
    const Status declared =
        producer.link.call(Method::QueueDeclare, queue_arguments(scenario_.queue), Method::QueueDeclareOk);
    if (!declared) return declared;
    const Status confirms =
        producer.link.call(Method::ConfirmSelect, std::string_view("\0", 1), Method::ConfirmSelectOk);
    if (!confirms) return confirms;
  }
  for (std::uint32_t i = 0; i < scenario_.subscribers; ++i) {
    Consumer& consumer = *consumers_.emplace_back(std::make_unique<Consumer>());
    consumer.deliveries.resize(scenario_.publishers);
    if (const Status opened = consumer.link.open(address, username, password); !opened) return opened;
    if (const Status consumes = open_consumer(consumer); !consumes) return consumes;
  }
  return {};
}

AmqpRun::Snapshot AmqpRun::snapshot() {
  Snapshot now{steady_ns(), sent_, received_, own_cpu_ns(), {}};
  if (scenario_.broker_pid > 0) {
    const auto sample = sample_process(scenario_.broker_pid);
    if (sample) now.broker = *sample;
    outcome_.rss_peak = std::max(outcome_.rss_peak, now.broker.rss_bytes);
  }
  return now;
}

Status AmqpRun::publish(std::size_t index) {
  Producer& producer = *producers_[index];
  while (producer.unconfirmed.size() < scenario_.window &&
         producer.sent < producer.receipts + scenario_.window) {
    Stamp{static_cast<std::uint32_t>(index), producer.sent, now_ns_, false}.write(payload_.data());
    put_message(producer.link.out(), scenario_.queue, payload_);
    producer.unconfirmed.emplace(++producer.sent, now_ns_);
    ++sent_;
  }
  return producer.link.flush();
}

void AmqpRun::on_producer_frame(Producer& producer, const AmqpFrame& frame) {
  if (frame.type != AmqpFrame::Type::Method) return;
  ByteReader reader(frame.payload);
  const auto method = static_cast<Method>(reader.u32());
  if (method != Method::BasicAck && method != Method::BasicNack) return;
  const Confirm confirm = parse_confirm(reader);
  auto& waiting = producer.unconfirmed;
  const auto end = waiting.upper_bound(confirm.delivery_tag);
  const auto begin = confirm.multiple ? waiting.begin() : waiting.find(confirm.delivery_tag);
  if (begin == waiting.end() || (confirm.multiple && begin == end)) {
    ++outcome_.stray_acks;
    return;
  }
  for (auto it = begin; it != end; ++it) {
    if (method == Method::BasicNack) ++outcome_.refused;
    outcome_.ack_latency.record(now_ns_ - it->second);
  }
  waiting.erase(begin, end);
}

void AmqpRun::on_message(Consumer& consumer, Bytes payload) {
  put_delivery_ack(consumer.link.out(), consumer.delivery_tag);
  const auto stamp = Stamp::read(payload);
  const bool is_intact =
      stamp && stamp->publisher < producers_.size() && stamp->sequence < DeliveryMap::kLimit &&
      payload.size() == payload_.size() &&
      as_text(payload).substr(Stamp::kSize) == std::string_view(payload_).substr(Stamp::kSize);
  if (!is_intact) {
    ++outcome_.damaged;
    return;
  }
  if (!consumer.deliveries[stamp->publisher].mark(stamp->sequence)) {
    ++outcome_.duplicates;
    return;
  }
  ++received_;
  ++producers_[stamp->publisher]->receipts;
  outcome_.latency.record(now_ns_ > stamp->sent_ns ? now_ns_ - stamp->sent_ns : 0);
}

void AmqpRun::on_consumer_frame(Consumer& consumer, const AmqpFrame& frame) {
  if (frame.type == AmqpFrame::Type::Body) return on_message(consumer, frame.payload);
  if (frame.type != AmqpFrame::Type::Method) return;
  ByteReader reader(frame.payload);
  if (static_cast<Method>(reader.u32()) == Method::BasicDeliver)
    consumer.delivery_tag = parse_delivery(reader);
}

bool AmqpRun::is_idle() const {
  return received_ == sent_ && std::all_of(producers_.begin(), producers_.end(), [](const auto& producer) {
           return producer->unconfirmed.empty();
         });
}

Status AmqpRun::serve(std::uint64_t end_ns, bool publishes) {
  std::vector<pollfd> polled;
  for (const auto& producer : producers_) polled.push_back({producer->link.descriptor(), POLLIN, 0});
  for (const auto& consumer : consumers_) polled.push_back({consumer->link.descriptor(), POLLIN, 0});
  for (now_ns_ = steady_ns(); now_ns_ < end_ns && (publishes || !is_idle());) {
    for (std::size_t i = 0; publishes && i < producers_.size(); ++i)
      if (const Status sent = publish(i); !sent) return sent;
    ::poll(polled.data(), polled.size(), kTurnMs);
    now_ns_ = steady_ns();
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      const std::size_t at = i - std::min(i, producers_.size());
      const Status served = i < producers_.size() ? producers_[i]->link.receive([&](const auto& frame) {
        on_producer_frame(*producers_[i], frame);
      })
                                                  : consumers_[at]->link.receive([&](const auto& frame) {
                                                      on_consumer_frame(*consumers_[at], frame);
                                                    });
      if (!served) return served;
      if (i < producers_.size()) continue;
      if (const Status answered = consumers_[at]->link.flush(); !answered) return answered;
    }
  }
  return {};
}

void AmqpRun::count() {
  outcome_.sent = outcome_.expected = sent_;
  for (std::size_t i = 0; i < producers_.size(); ++i) {
    std::vector<const DeliveryMap*> maps;
    for (const auto& consumer : consumers_) maps.push_back(&consumer->deliveries[i]);
    const GroupResult result = merge_consumers(maps, producers_[i]->sent);
    outcome_.lost += result.lost;
    outcome_.duplicates += result.duplicates;
    for (const DeliveryMap* map : maps) outcome_.received += map->received();
    if (!producers_[i]->unconfirmed.empty()) ++outcome_.unfinished_publishers;
  }
}

Result<Outcome> AmqpRun::execute() {
  const auto address = resolve(scenario_.broker, {});
  if (!address) return tl::unexpected(address.error());
  payload_.assign(Stamp::kSize, '\0');
  for (std::size_t at = Stamp::kSize; at < scenario_.payload_size; ++at) payload_.push_back(filler_at(at));
  outcome_.rss_before = snapshot().broker.rss_bytes;
  if (const Status opened = open(*address); !opened) return tl::unexpected(opened.error());
  const auto ns = [](double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); };
  Status served = serve(steady_ns() + ns(scenario_.warmup_seconds), true);
  const Snapshot begin = snapshot();
  if (served) served = serve(begin.at_ns + ns(scenario_.seconds), true);
  const Snapshot end = snapshot();
  if (served) served = serve(end.at_ns + ns(scenario_.drain_seconds), false);
  if (!served) outcome_.failure = served.error().detail;
  outcome_.rss_after = snapshot().broker.rss_bytes;
  outcome_.measured_seconds = static_cast<double>(end.at_ns - begin.at_ns) / 1e9;
  outcome_.measured_sent = end.sent - begin.sent;
  outcome_.measured_received = end.received - begin.received;
  outcome_.own_cpu_ns = end.own_cpu_ns - begin.own_cpu_ns;
  outcome_.broker_cpu_ns = end.broker.cpu_ns - begin.broker.cpu_ns;
  outcome_.broker_voluntary_switches = end.broker.voluntary_switches - begin.broker.voluntary_switches;
  outcome_.broker_forced_switches = end.broker.forced_switches - begin.broker.forced_switches;
  count();
  if (outcome_.failure.empty() && outcome_.measured_messages() == 0)
    outcome_.failure = "not one message was counted in the measured interval";
  return std::move(outcome_);
}

}  // namespace

Result<Outcome> run_amqp(const Scenario& scenario) {
  return AmqpRun(scenario).execute();
}

}  // namespace hermod::bench
