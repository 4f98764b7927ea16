#include "client/command_line.h"

#include <CLI/CLI.hpp>

#include "client/session_arguments.h"
#include "client/topic_text.h"

namespace hermod::client {
namespace {

using wire::Version;

/// -t, -q, -r and where the payload comes from: what pub and rr share.
class MessageArguments {
 public:
  MessageArguments(CLI::App& app, bool has_lines) {
    const std::string group = "Message";
    app.add_option("-t,--topic", topic_, "Topic to publish to")->type_name("TOPIC")->group(group);
    add_qos(app, "-q,--qos", qos_, "Quality of service")->group(group);
    text_ = app.add_option("-m,--message", message_, "The payload")->type_name("TEXT")->group(group);
    file_ =
        app.add_option("-f,--file", file_name_, "The payload is this file")->type_name("FILE")->group(group);
    app.add_flag("-n,--null-message", is_empty_, "The payload is empty")->group(group);
    app.add_flag("-s,--stdin-file", is_stdin_, "The payload is all of standard input")->group(group);
    if (!has_lines) return;
    app.add_flag("-r,--retain", retain_, "The broker keeps the message")->group(group);
    app.add_flag("-l,--stdin-line", is_lines_, "Every line of standard input is a message")->group(group);
  }

  Outcome<MessageOptions> finished(const std::optional<std::string>& url_topic) const {
    MessageOptions options;
    options.topic = !topic_.empty() ? topic_ : url_topic.value_or("");
    if (options.topic.empty()) return fail(ExitCode::Usage, "a topic is missing; add -t");
    if (!is_topic_name(options.topic))
      return fail(ExitCode::Usage,
                  "-t: \"" + options.topic + "\" is no topic to publish to; + and # are for subscriptions");
    options.qos = static_cast<wire::QoS>(qos_);
    options.retain = retain_;
    int sources = 0;
    const auto choose = [&](bool is_given, Source source, const std::string& text) {
      if (!is_given) return;
      ++sources;
      options.source = source;
      options.text = text;
    };
    choose(text_->count() > 0, Source::Text, message_);
    choose(file_->count() > 0, Source::File, file_name_);
    choose(is_empty_, Source::Empty, "");
    choose(is_stdin_, Source::Stdin, "");
    choose(is_lines_, Source::StdinLines, "");
    if (sources == 0)
      return fail(ExitCode::Usage, "a message is missing; add -m, -f, -n, -s or, with pub, -l");
    if (sources > 1) return fail(ExitCode::Usage, "one kind of message at a time: -m, -f, -n, -s or -l");
    return options;
  }

 private:
  std::string topic_;
  std::string message_;
  std::string file_name_;
  CLI::Option* text_ = nullptr;
  CLI::Option* file_ = nullptr;
  int qos_ = 0;
  bool retain_ = false;
  bool is_empty_ = false;
  bool is_stdin_ = false;
  bool is_lines_ = false;
};

void add_output(CLI::App& app, OutputOptions& output, bool& no_end_of_line) {
  const std::string group = "Output";
  app.add_option(
         "-F", output.format,
         "Format: %t topic, %p payload, %x %X hexadecimal, %l length, %q QoS, %r retained, %m packet id, "
         "%I %U time, %j JSON, %J JSON with a JSON payload, %A %C %D %E %F %P %R %S properties, @x strftime")
      ->type_name("FORMAT")
      ->group(group);
  app.add_flag("-v,--verbose", output.verbose, "Print the topic before the payload")->group(group);
  app.add_flag("-N", no_end_of_line, "No line end behind a message")->group(group);
  app.add_flag("--pretty", output.pretty, "JSON of %j and %J on several lines")->group(group);
}

CLI::Option* add_seconds(CLI::App& app, double& seconds, const char* help) {
  return app.add_option("-W", seconds, help)
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber.description(""))
      ->group("Output");
}

/// The topic of -L and what -D and the other shared options gave.
struct Shared {
  SessionOptions session;
  std::optional<std::string> url_topic;
};

Outcome<Shared> parse_shared(CLI::App& app, std::vector<std::string> arguments, const std::string& command,
                             const SessionArguments& session) {
  PropertyOptions properties;
  if (const auto taken = extract_properties(arguments, properties); !taken)
    return tl::unexpected(taken.error());
  if (const auto parsed = parse_arguments(app, std::move(arguments), command); !parsed)
    return tl::unexpected(parsed.error());
  auto topic = session.url_topic();
  if (!topic) return tl::unexpected(topic.error());
  auto options = session.finished(std::move(properties));
  if (!options) return tl::unexpected(options.error());
  return Shared{std::move(*options), std::move(*topic)};
}

Outcome<void> check_filters(const std::vector<std::string>& filters, const char* option) {
  for (const std::string& filter : filters)
    if (!is_topic_filter(filter))
      return fail(ExitCode::Usage,
                  std::string(option) + ": \"" + filter +
                      "\" is no topic filter; + and # stand for whole levels, # only at the end");
  return {};
}

}  // namespace

Outcome<PublishOptions> parse_publish(std::vector<std::string> arguments) {
  CLI::App app("Publish one message, or one for every line of standard input", "hermod pub");
  const SessionArguments session(app, "pub", Version::Mqtt311);
  const MessageArguments message(app, true);
  PublishOptions options;
  app.add_option("-M,--max-inflight", options.max_in_flight, "Unacknowledged messages at once, QoS 1 and 2")
      ->check(CLI::Range(1, 65535).description(""))
      ->capture_default_str()
      ->group("Message");
  app.add_option("--repeat", options.repeat, "Publish so many times")
      ->check(CLI::PositiveNumber.description(""))
      ->group("Message");
  app.add_option("--repeat-delay", options.repeat_delay, "Seconds from one delivery to the next publish")
      ->check(CLI::NonNegativeNumber.description(""))
      ->group("Message");
  auto shared = parse_shared(app, std::move(arguments), "pub", session);
  if (!shared) return tl::unexpected(shared.error());
  auto finished = message.finished(shared->url_topic);
  if (!finished) return tl::unexpected(finished.error());
  options.session = std::move(shared->session);
  options.message = std::move(*finished);
  if (options.repeat > 1 && options.message.source == Source::StdinLines)
    return fail(ExitCode::Usage, "--repeat: lines of standard input are read once; use -m, -f or -s");
  return options;
}

Outcome<SubscribeOptions> parse_subscribe(std::vector<std::string> arguments) {
  CLI::App app("Subscribe and print every message", "hermod sub");
  const SessionArguments session(app, "sub", Version::Mqtt311);
  SubscribeOptions options;
  int qos = 0;
  bool no_end_of_line = false;
  const std::string group = "Subscription";
  app.add_option("-t,--topic", options.filters, "Topic filter; may be repeated")
      ->type_name("FILTER")
      ->expected(1)
      ->take_all()
      ->group(group);
  add_qos(app, "-q,--qos", qos, "Highest quality of service")->group(group);
  app.add_option("-U,--unsubscribe", options.unsubscribe, "Unsubscribe from this filter; may be repeated")
      ->type_name("FILTER")
      ->expected(1)
      ->take_all()
      ->group(group);
  app.add_flag("--retain-as-published", options.retain_as_published,
               "Keep the publisher's retain flag; MQTT 5")
      ->group(group);
  app.add_flag("-E", options.leave_when_subscribed, "Leave when the subscriptions are acknowledged")
      ->group(group);
  app.add_option("-T,--filter-out", options.filter_out, "Print nothing that matches; may be repeated")
      ->type_name("FILTER")
      ->expected(1)
      ->take_all()
      ->group("Output");
  app.add_flag("-R", options.no_retained, "Print no retained messages")->group("Output");
  app.add_flag("--retained-only", options.retained_only, "Leave with the first message that is not retained")
      ->group("Output");
  app.add_flag("--remove-retained", options.remove_retained, "Clear every retained message received")
      ->group("Output");
  app.add_option("--random-filter", options.random_percent, "Print so many percent of the messages")
      ->check(CLI::Range(0.1, 100.0).description(""))
      ->group("Output");
  app.add_option("-C", options.count, "Leave after so many messages")
      ->check(CLI::PositiveNumber.description(""))
      ->group("Output");
  add_seconds(app, options.timeout_seconds, "Leave after so many seconds, with exit code 27");
  add_output(app, options.output, no_end_of_line);
  auto shared = parse_shared(app, std::move(arguments), "sub", session);
  if (!shared) return tl::unexpected(shared.error());
  if (shared->url_topic) options.filters.push_back(*shared->url_topic);
  if (options.filters.empty() && options.unsubscribe.empty())
    return fail(ExitCode::Usage, "a topic filter is missing; add -t");
  if (options.no_retained && options.retained_only)
    return fail(ExitCode::Usage, "-R and --retained-only together leave nothing to print");
  for (const auto& [filters, option] :
       {std::pair{&options.filters, "-t"}, {&options.unsubscribe, "-U"}, {&options.filter_out, "-T"}})
    if (const auto checked = check_filters(*filters, option); !checked)
      return tl::unexpected(checked.error());
  options.session = std::move(shared->session);
  if (options.retain_as_published && options.session.version != Version::Mqtt5)
    return fail(ExitCode::Usage, "--retain-as-published: needs MQTT 5; add -V 5");
  options.qos = static_cast<wire::QoS>(qos);
  options.output.end_of_line = !no_end_of_line;
  return options;
}

Outcome<RequestOptions> parse_request(std::vector<std::string> arguments) {
  CLI::App app("Publish a request and print its response", "hermod rr");
  const SessionArguments session(app, "rr", Version::Mqtt5);
  const MessageArguments message(app, false);
  RequestOptions options;
  bool no_end_of_line = false;
  app.add_option("-e", options.response_topic, "Topic of the response")->type_name("TOPIC")->group("Message");
  app.add_flag("-R", options.no_retained, "A retained message is no response")->group("Output");
  add_seconds(app, options.timeout_seconds, "Wait so many seconds, then leave with exit code 27");
  add_output(app, options.output, no_end_of_line);
  auto shared = parse_shared(app, std::move(arguments), "rr", session);
  if (!shared) return tl::unexpected(shared.error());
  auto finished = message.finished(shared->url_topic);
  if (!finished) return tl::unexpected(finished.error());
  if (options.response_topic.empty()) return fail(ExitCode::Usage, "a response topic is missing; add -e");
  const bool is_named = shared->session.version == Version::Mqtt5;
  if (is_named ? !is_topic_name(options.response_topic) : !is_topic_filter(options.response_topic))
    return fail(ExitCode::Usage, "-e: \"" + options.response_topic + "\" is no topic to respond to");
  options.session = std::move(shared->session);
  options.message = std::move(*finished);
  options.output.end_of_line = !no_end_of_line;
  return options;
}

}  // namespace hermod::client
