#include "tests/sim/stream_story.h"

#include <algorithm>
#include <utility>

namespace hermod::sim {

using namespace std::chrono_literals;
using wire::QoS;

namespace {

broker::Options with_stream(broker::Options options, Random& random) {
  static constexpr std::uint64_t kPageBytes[] = {300, 100'000};
  options.queues.reader_messages = static_cast<std::uint32_t>(2 + random.below(12));
  options.queues.reader_bytes = random.pick(kPageBytes);
  queue::QueueDefinition stream;
  stream.name = "log";
  stream.bind = {"s/#"};
  stream.kind = queue::QueueDefinition::Kind::Stream;
  stream.retention_time.reset();
  if (random.chance(50)) stream.retention_count = 1 + random.below(60);
  if (random.chance(15)) stream.retention_bytes = 50 + random.below(1000);
  if (random.chance(15)) stream.retention_time = 20s;
  stream.last_value = random.chance(40);
  stream.key = *queue::KeySource::parse("topic");
  options.queues.configured.push_back(std::move(stream));
  return options;
}

bool has_count_alone(const queue::QueueDefinition& stream) {
  return stream.retention_count && !stream.retention_bytes && !stream.retention_time && !stream.last_value;
}

bool has_retention(const queue::QueueDefinition& stream) {
  return stream.retention_count || stream.retention_bytes || stream.retention_time;
}

}  // namespace

StreamStory::StreamStory(std::uint64_t seed, Trouble trouble, std::size_t steps, Report& report)
    : Story(seed, trouble, steps, report,
            [](Random& random) { return with_stream(random_options(random), random); }) {}

void StreamStory::begin() {
  writers_ = 1 + random_.below(3);
  for (std::size_t i = 0; i < writers_; ++i)
    add_client("writer-" + std::to_string(i), /*is_durable=*/random_.chance(80));
  for (std::size_t i = 0, count = 2 + random_.below(3); i < count; ++i)
    add_reader("reader-" + std::to_string(i), random_.chance(75) ? QoS::AtLeastOnce : QoS::AtMostOnce,
               random_.chance(70));
}

StreamStory::Reader& StreamStory::add_reader(const std::string& id, QoS qos, bool is_durable) {
  readers_.push_back(std::make_unique<Reader>(Reader{.client = &add_client(id, is_durable), .qos = qos}));
  return *readers_.back();
}

StreamStory::Reader* StreamStory::reader_of(const StoryClient& client) {
  for (const auto& reader : readers_)
    if (reader->client == &client) return reader.get();
  return nullptr;
}

void StreamStory::act() {
  const std::size_t who = random_.below(clients_.size());
  StoryClient& client = *clients_[who];
  if (who < writers_ && client.is_up() && random_.chance(60)) return write(who);
  Reader* const reader = reader_of(client);
  if (reader != nullptr && client.is_up() && random_.chance(1)) return read_from_somewhere(*reader);
  let_act(client);
}

void StreamStory::write(std::size_t who) {
  StoryClient& writer = *clients_[who];
  if (writer.in_flight() >= 8) return writer.receive(std::string::npos);
  const auto qos = static_cast<QoS>(random_.below(3));
  const std::size_t number = begin_message(who, qos);
  copies_.push_back(0);
  topics_.push_back("s/" + std::to_string(who) + "/" + std::to_string(random_.below(3)));
  writer.publish(number, topics_.back(), qos);
}

void StreamStory::read_from_somewhere(Reader& reader) {
  const std::size_t what = random_.below(10);
  if (what < 5) return read_from(reader, "earliest", 1);
  if (what < 7 || seen_.empty()) return read_from(reader, "latest", std::nullopt);
  const std::uint64_t offset = 1 + random_.below(seen_.rbegin()->first);
  read_from(reader, "offset:" + std::to_string(offset), offset);
}

void StreamStory::read_from(Reader& reader, const std::string& start, std::optional<std::uint64_t> from) {
  ++reader.asked;
  reader.from = from;
  reader.client->subscribe("$stream/log", reader.qos, start);
}

void StreamStory::on_connected(StoryClient& client, bool session_present) {
  Reader* const reader = reader_of(client);
  if (reader == nullptr) return;
  if (!session_present) reader->is_subscribed = false;
  if (!reader->is_subscribed) read_from_somewhere(*reader);
}

void StreamStory::on_disconnected(StoryClient& client) {
  Reader* const reader = reader_of(client);
  if (reader == nullptr) return;
  if (std::exchange(reader->asked, 0) > 0) reader->is_subscribed = false;
  if (reader->qos == QoS::AtMostOnce) {  // what was handed to the connection may not have come
    reader->expected.reset();
  } else if (const test::Arrived* first = client.first_unanswered()) {
    reader->expected = std::stoull(first->said.at("offset"));
  }
  reader->may_go_back = true;  // an acknowledgement may have been lost
}

/// What comes from here on comes from where the subscription says; what came before is answered, so that all
/// that is unanswered has come since.
void StreamStory::on_subscribed(StoryClient& client, bool is_granted) {
  Reader& reader = *reader_of(client);
  --reader.asked;
  if (!is_granted) {
    if (!trouble_.disk_fails) report_.violation(client.id() + " may not read");
    reader.is_subscribed = false;
    return read_from_somewhere(reader);
  }
  client.answer(std::string::npos);
  reader.is_subscribed = true;
  reader.expected = reader.from;
  reader.may_go_back = false;
}

void StreamStory::on_message(StoryClient& client, const test::Arrived& message) {
  Reader& reader = *reader_of(client);
  const std::uint64_t offset = std::stoull(message.said.at("offset"));
  look_at(offset, std::stoull(message.payload));
  if (&reader == auditor_) last_[message.topic] = std::stoull(message.payload);
  if (reader.asked > 0) return;  // from where it stood before, or not
  const auto place = [&] { return client.id() + " got " + std::to_string(offset) + ", "; };
  if (reader.expected && offset < *reader.expected && !reader.may_go_back)
    report_.violation(place() + std::to_string(*reader.expected) + " was next");
  if (reader.expected) {
    const std::uint64_t kept = std::max({*reader.expected, first_, extent().first().v});
    if (kept < offset && !stream().last_value)
      report_.violation(place() + std::to_string(kept) + " is there and was passed over");
  }
  reader.expected = offset + 1;
  reader.may_go_back = false;
}

/// An offset and what is there, from whichever reader.
void StreamStory::look_at(std::uint64_t offset, std::size_t number) {
  const auto [at, is_new] = seen_.emplace(offset, number);
  if (at->second != number)
    return report_.violation("offset " + std::to_string(offset) + " has message " +
                             std::to_string(at->second) + " and message " + std::to_string(number));
  if (!is_new) return;
  const Told& told = told_[number];
  if (told.fate == Fate::Refused) return report_.violation(name_of(number) + " was refused, and is there");
  const std::size_t most = told.qos == QoS::AtLeastOnce ? 1 + told.again : 1;
  if (++copies_[number] > most)
    report_.violation(name_of(number) + " has " + std::to_string(copies_[number]) + " offsets");
}

void StreamStory::look() {
  const queue::StreamExtent& extent = this->extent();
  const std::uint64_t first = extent.first().v;
  const std::uint64_t next = extent.next().v;
  const std::uint64_t held = extent.held().messages;
  const auto numbers = [&] {
    return " (first " + std::to_string(first) + ", next " + std::to_string(next) + ", held " +
           std::to_string(held) + ")";
  };
  if (held != next - first && !stream().last_value) report_.violation("there is a gap" + numbers());
  if (held > next - first) report_.violation("it counts too much" + numbers());
  if (next < next_) report_.violation("offsets go back" + numbers());
  if (!seen_.empty() && next <= seen_.rbegin()->first)
    report_.violation("an offset that was read is given again" + numbers());
  if (next - 1 < taken_)
    report_.violation(std::to_string(taken_) + " were acknowledged, more than there are offsets" + numbers());
  if (has_count_alone(stream()) && held < std::min(*stream().retention_count, next - 1))
    report_.violation("the retention takes too much" + numbers());
  next_ = next;
  first_ = std::max(first_, first);
}

bool StreamStory::is_over() {
  return std::all_of(readers_.begin(), readers_.end(), [&](const auto& reader) {
    return reader->is_subscribed && reader->asked == 0 &&
           (!reader->expected || *reader->expected >= extent().next().v || extent().held().messages == 0);
  });
}

void StreamStory::check() {
  Reader& auditor = add_reader("auditor", QoS::AtLeastOnce, /*is_durable=*/false);
  auditor.client->connect(stage_.connect());
  stage_.settle();
  auditor.client->receive(std::string::npos);  // CONNACK, and it subscribes to begin somewhere
  if (auditor.client->is_up()) read_from(auditor, "earliest", 1);
  auditor_ = &auditor;
  come_to_rest();
  if (report_.has_violation()) return;
  const std::uint64_t held = extent().held().messages;
  if (const auto most = stream().retention_count;
      most && held > *most + std::max<std::uint64_t>(*most / 16, 1))
    report_.violation("the retention keeps " + std::to_string(held) + " of " + std::to_string(*most));
  check_nothing_is_lost();
  if (stream().last_value && !has_retention(stream())) check_last_values();
  if (!trouble_.disk_fails) check_order();
}

/// What nobody has seen the retention had taken before anybody came to it.
void StreamStory::check_nothing_is_lost() {
  const std::uint64_t unseen = extent().next().v - 1 - seen_.size();
  std::uint64_t missing = 0;
  std::size_t one = 0;
  for (std::size_t number = 0; number < told_.size(); ++number) {
    if (told_[number].fate != Fate::Taken || copies_[number] > 0) continue;
    ++missing;
    one = number;
  }
  if (missing > unseen)
    report_.violation(std::to_string(missing) + " acknowledged messages are nowhere, and there are " +
                      std::to_string(unseen) + " offsets that nobody has read; one is " + name_of(one));
}

/// What the auditor has seen last of a topic is what was acknowledged last, or was sent behind that.
void StreamStory::check_last_values() {
  if (!trouble_.disk_fails && extent().held().messages > last_.size())
    report_.violation("of " + std::to_string(last_.size()) + " keys it keeps " +
                      std::to_string(extent().held().messages) + " messages");
  for (std::size_t number = 0; number < told_.size(); ++number) {
    const Told& told = told_[number];
    if (told.fate != Fate::Taken) continue;
    const auto last = last_.find(topics_[number]);
    if (last == last_.end())
      return report_.violation("of the topic of " + name_of(number) + " nothing is left");
    const Told& newest = told_[last->second];
    const bool may_be_out_of_order =
        newest.qos != told.qos || newest.fate == Fate::Uncertain || newest.again > 0 || told.again > 0;
    if (last->second < number && !may_be_out_of_order)
      report_.violation(name_of(last->second) + " is left, and not " + name_of(number));
  }
}

/// Of one writer and one QoS, but for what was sent again: nobody may have seen its first copy.
void StreamStory::check_order() {
  std::map<std::pair<std::size_t, QoS>, std::size_t> last;
  std::vector<bool> has_come(told_.size());
  for (const auto& [offset, number] : seen_) {
    const Told& told = told_[number];
    if (has_come[number] || told.again > 0 || told.fate == Fate::Uncertain) continue;
    has_come[number] = true;
    std::size_t& before = last[{told.writer, told.qos}];
    if (number < before)
      report_.violation("at offset " + std::to_string(offset) + " is " + name_of(number) + ", behind " +
                        name_of(before));
    before = number;
  }
}

}  // namespace hermod::sim
