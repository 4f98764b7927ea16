#include "stream_arguments.h"

#include <limits>

namespace hermod::ctl {
namespace {

using StreamVerb = StreamOptions::Verb;

constexpr std::uint64_t kMostOfStream = std::numeric_limits<std::int64_t>::max();

void add_stream_number(CLI::App* app, const char* name, std::optional<std::uint64_t>& value,
                       std::uint64_t least, std::uint64_t most, const char* about) {
  app->add_option(name, value, about)->option_text("N")->check(CLI::Range(least, most).description(""));
}

}  // namespace

StreamArguments::StreamArguments(CLI::App& app, CommandLine& line)
    : line_(line),
      stream_(app.add_subcommand("stream", "Streams of a running broker")),
      group_(app.add_subcommand("group", "Consumer groups of the streams of a running broker")),
      broker_of_stream_(*stream_),
      broker_of_group_(*group_) {
  stream_->require_subcommand(1);
  group_->require_subcommand(1);
  add_stream_verbs();
  add_group_verbs();
}

CLI::App* StreamArguments::add(CLI::App& noun, StreamOptions::Verb verb, const char* name,
                               const char* about) {
  CLI::App* app = noun.add_subcommand(name, about);
  app->fallthrough();  // the options of the broker may stand behind the verb
  add_output(*app, line_.format);
  app->callback([this, verb] {
    line_.command = CommandLine::Command::Stream;
    line_.stream.verb = verb;
  });
  return app;
}

void StreamArguments::add_stream_verbs() {
  StreamOptions& options = line_.stream;
  add(*stream_, StreamVerb::List, "ls", "List all streams");
  add(*stream_, StreamVerb::Show, "show", "Show a stream and its options")
      ->add_option("stream", options.stream, "Its name")
      ->required();
  CLI::App* find = add(*stream_, StreamVerb::Find, "find", "Look for messages, which stay as they are");
  find->add_option("stream", options.stream, "Its name")->required();
  find->add_option("--key", options.key, "Only messages with this key")->option_text("TEXT");
  find->add_option("--msg-id", options.message_id, "Only messages with this user property msg-id")
      ->option_text("TEXT");
  add_stream_number(find, "--from", options.first_offset, 1, kMostOfStream, "Only from this offset on");
  add_stream_number(find, "--to", options.last_offset, 1, kMostOfStream, "Only up to this offset");
  find->add_option("--since", options.since, "Only what was stored at this time or later")
      ->option_text("TIME");
  find->add_option("--until", options.until, "Only what was stored at this time or before")
      ->option_text("TIME");
  add_stream_number(find, "-n,--count", options.count, 1, kMostOfStream, "So many messages; 10 unless given");
  add_stream_number(find, "--bytes", options.bytes, 0, 65536, "So much of each payload; 256 unless given");
}

void StreamArguments::add_group_verbs() {
  StreamOptions& options = line_.stream;
  const auto of_stream = [&](CLI::App* app) {
    return app->add_option("stream", options.stream, "Only those of this stream");
  };
  of_stream(add(*group_, StreamVerb::ListGroups, "ls", "List groups: where they stand, and who has what"));
  of_stream(add(*group_, StreamVerb::Lag, "lag", "List how far groups are behind"));
  const auto add_one = [&](StreamOptions::Verb verb, const char* name, const char* about) {
    CLI::App* app = add(*group_, verb, name, about);
    app->add_option("stream", options.stream, "The stream")->required();
    app->add_option("group", options.group, "The group")->required();
    return app;
  };
  add_one(StreamVerb::Seek, "seek", "Have a group go on somewhere else")
      ->add_option("to", options.to,
                   "earliest, latest, offset:N, a time, microseconds since 1970, or milliseconds as Nms")
      ->required();
  add_one(StreamVerb::DeleteGroup, "delete", "Delete a group that has no members");
}

client::Outcome<void> StreamArguments::finish() {
  const BrokerArguments& broker = stream_->parsed() ? broker_of_stream_ : broker_of_group_;
  return broker.finish(line_.stream.session, line_.stream.patience_seconds);
}

}  // namespace hermod::ctl
