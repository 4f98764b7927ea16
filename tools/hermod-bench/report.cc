#include "report.h"

#include <cstdarg>
#include <cstdio>

#include "json_line.h"

namespace hermod::bench {
namespace {

__attribute__((format(printf, 1, 2))) std::string line(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return std::string(text) + "\n";
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}
double microseconds(std::uint64_t ns) {
  return static_cast<double>(ns) / 1e3;
}

const char* version_name(Version version) {
  return version == Version::V5 ? "5.0" : "3.1.1";
}

const char* protocol_name(const Scenario& scenario) {
  if (scenario.is_amqp) return "AMQP 0-9-1";
  return scenario.version == Version::V5 ? "MQTT 5.0" : "MQTT 3.1.1";
}

/// A row of the table only when there is something to tell.
std::string row_if(std::uint64_t count, const char* what) {
  return count > 0 ? line("  %-18s %12llu", what, static_cast<unsigned long long>(count)) : "";
}

std::string failures(const std::string& failure, const std::vector<std::string>& violations) {
  std::string out;
  if (!failure.empty()) out += "FAILED: " + failure + "\n";
  for (const std::string& violation : violations) out += "VIOLATED: " + violation + "\n";
  return out.empty() ? "OK\n" : out;
}

/// Nothing when nothing was measured.
std::string row_of(const char* name, const Histogram& histogram) {
  if (histogram.count() == 0) return {};
  return line("  %-18s %12.0f p50, %.0f p90, %.0f p99, %.0f p99.9, %.0f max", name,
              microseconds(histogram.at(0.5)), microseconds(histogram.at(0.9)),
              microseconds(histogram.at(0.99)), microseconds(histogram.at(0.999)),
              microseconds(histogram.max()));
}

void add_histogram(JsonLine& json, const std::string& name, const Histogram& histogram) {
  json.add(name + "_p50_us", microseconds(histogram.at(0.5)));
  json.add(name + "_p90_us", microseconds(histogram.at(0.9)));
  json.add(name + "_p99_us", microseconds(histogram.at(0.99)));
  json.add(name + "_p999_us", microseconds(histogram.at(0.999)));
  json.add(name + "_max_us", microseconds(histogram.max()));
}

}  // namespace

std::string as_table(const Outcome& outcome) {
  const Scenario& scenario = outcome.scenario;
  std::string out = line("%s: %s, QoS %d, %u publishers, %u subscribers, %zu bytes, window %u, %u threads",
                         scenario.name.c_str(), protocol_name(scenario), scenario.qos,
                         scenario.has_publishers() ? scenario.publishers : 0,
                         scenario.has_subscribers() ? scenario.subscribers : 0, scenario.payload_size,
                         static_cast<unsigned>(scenario.window), scenario.threads);
  out += line("  %-18s %12.0f messages/s over %.2f s", "rate", outcome.messages_per_second(),
              outcome.measured_seconds);
  if (scenario.broker_pid > 0) {
    out += line("  %-18s %12.2f us/message", "broker CPU", outcome.broker_us_per_message());
    out += line("  %-18s %12.1f MiB before, %.1f after, %.1f peak", "broker RSS",
                mebibytes(outcome.rss_before), mebibytes(outcome.rss_after), mebibytes(outcome.rss_peak));
    out += line("  %-18s %12llu waits, %llu forced", "broker switches",
                static_cast<unsigned long long>(outcome.broker_voluntary_switches),
                static_cast<unsigned long long>(outcome.broker_forced_switches));
  }
  out += line("  %-18s %12.2f us/message", "generator CPU", outcome.own_us_per_message());
  out += row_of("latency us", outcome.latency);
  out += row_of("slow latency us", outcome.slow_latency);
  out += row_of("ack latency us", outcome.ack_latency);
  out +=
      line("  %-18s %12llu sent, %llu expected, %llu received", "messages",
           static_cast<unsigned long long>(outcome.sent), static_cast<unsigned long long>(outcome.expected),
           static_cast<unsigned long long>(outcome.received));
  out +=
      line("  %-18s %12llu lost, %llu twice, %llu out of order", "verified",
           static_cast<unsigned long long>(outcome.lost), static_cast<unsigned long long>(outcome.duplicates),
           static_cast<unsigned long long>(outcome.late));
  out += row_if(outcome.late_of_key, "late of their key");
  if (scenario.shape == Shape::Stream)
    out += line("  %-18s %12llu missing, %llu again, %llu backwards, %llu changed", "offsets",
                static_cast<unsigned long long>(outcome.missing_offsets),
                static_cast<unsigned long long>(outcome.offsets_again),
                static_cast<unsigned long long>(outcome.offsets_backwards),
                static_cast<unsigned long long>(outcome.offsets_changed));
  out += row_if(outcome.reconnects, "reconnects");
  out += row_if(outcome.broker_closes, "closed by broker");
  out += row_if(outcome.refused_connects, "CONNECT refused");
  out += row_if(outcome.resent, "PUBLISH again");
  out += row_if(outcome.resent_pubrel, "PUBREL again");
  out += row_if(outcome.held_again, "held ids again");
  out += row_if(outcome.refused, "PUBLISH refused");
  out += row_if(outcome.late_after_refusal, "late after refusal");
  out += row_if(outcome.ack_timeouts, "ack timeouts");
  out += row_if(outcome.stalls, "stalled windows");
  out += row_if(outcome.foreign, "foreign messages");
  return out + failures(outcome.failure, outcome.violations());
}

std::string as_json(const Outcome& outcome) {
  const Scenario& scenario = outcome.scenario;
  JsonLine json;
  json.add("scenario", scenario.name);
  json.add("version", scenario.is_amqp ? "0-9-1" : version_name(scenario.version));
  json.add("qos", scenario.qos);
  json.add("publishers", scenario.has_publishers() ? scenario.publishers : 0);
  json.add("subscribers", scenario.has_subscribers() ? scenario.subscribers : 0);
  json.add("payload_bytes", scenario.payload_size);
  json.add("window", scenario.window);
  json.add("threads", scenario.threads);
  json.add("seconds", outcome.measured_seconds);
  json.add("messages_per_second", outcome.messages_per_second());
  json.add("broker_us_per_message", outcome.broker_us_per_message());
  json.add("generator_us_per_message", outcome.own_us_per_message());
  json.add("broker_waits", outcome.broker_voluntary_switches);
  json.add("broker_forced_switches", outcome.broker_forced_switches);
  json.add("rss_before_bytes", outcome.rss_before);
  json.add("rss_after_bytes", outcome.rss_after);
  json.add("rss_peak_bytes", outcome.rss_peak);
  add_histogram(json, "latency", outcome.latency);
  add_histogram(json, "slow_latency", outcome.slow_latency);
  add_histogram(json, "ack_latency", outcome.ack_latency);
  json.add("sent", outcome.sent);
  json.add("expected", outcome.expected);
  json.add("received", outcome.received);
  json.add("lost", outcome.lost);
  json.add("duplicates", outcome.duplicates);
  json.add("out_of_order", outcome.late);
  json.add("out_of_order_after_refusal", outcome.late_after_refusal);
  json.add("out_of_order_of_key", outcome.late_of_key);
  json.add("offsets_missing", outcome.missing_offsets);
  json.add("offsets_again", outcome.offsets_again);
  json.add("offsets_backwards", outcome.offsets_backwards);
  json.add("offsets_changed", outcome.offsets_changed);
  json.add("unnumbered", outcome.unnumbered);
  json.add("reconnects", outcome.reconnects);
  json.add("closed_by_broker", outcome.broker_closes);
  json.add("connects_refused", outcome.refused_connects);
  json.add("sessions_lost", outcome.sessions_lost);
  json.add("publish_resent", outcome.resent);
  json.add("pubrel_resent", outcome.resent_pubrel);
  json.add("held_ids_again", outcome.held_again);
  json.add("publish_refused", outcome.refused);
  json.add("ack_timeouts", outcome.ack_timeouts);
  json.add("stalls", outcome.stalls);
  json.add("failure", outcome.failure);
  json.add("violations", outcome.violations());
  return json.str() + "\n";
}

std::string as_table(const ConnectionOutcome& outcome) {
  const double count = static_cast<double>(outcome.connected > 0 ? outcome.connected : 1);
  std::string out =
      line("conn: MQTT %s, %u connections%s", version_name(outcome.scenario.base.version),
           outcome.scenario.connections, outcome.scenario.subscribes ? ", one subscription each" : "");
  out += line("  %-18s %12llu, after the hold %llu", "connected",
              static_cast<unsigned long long>(outcome.connected),
              static_cast<unsigned long long>(outcome.connected_after_hold));
  out += line("  %-18s %12.0f connections/s over %.2f s", "rate", count / outcome.connect_seconds,
              outcome.connect_seconds);
  if (outcome.scenario.base.broker_pid > 0) {
    out += line("  %-18s %12.2f us/CONNECT", "broker CPU", microseconds(outcome.connect_cpu_ns) / count);
    out += line("  %-18s %12.0f bytes/connection, %.1f MiB before, %.1f after, %.1f peak", "broker RSS",
                outcome.per_connection(outcome.rss_before, outcome.rss_after), mebibytes(outcome.rss_before),
                mebibytes(outcome.rss_after), mebibytes(outcome.rss_peak));
    out += line("  %-18s %12.0f bytes/connection, %.1f MiB before, %.1f after", "broker PSS",
                outcome.per_connection(outcome.pss_before, outcome.pss_after), mebibytes(outcome.pss_before),
                mebibytes(outcome.pss_after));
    out += line("  %-18s %12.3f ms CPU, %llu wake-ups in %.1f s", "held idle",
                microseconds(outcome.hold_cpu_ns) / 1e3,
                static_cast<unsigned long long>(outcome.hold_switches), outcome.scenario.hold_seconds);
  }
  out += line("  %-18s %12.2f us/CONNECT", "generator CPU", microseconds(outcome.own_connect_cpu_ns) / count);
  return out + failures(outcome.failure, {});
}

std::string as_table(const HandshakeOutcome& outcome) {
  const double count = static_cast<double>(outcome.done > 0 ? outcome.done : 1);
  std::string out = line("handshake: %s, %s", outcome.version.c_str(), outcome.cipher.c_str());
  out += line("  %-18s %12llu, %llu of them resumed", "done", static_cast<unsigned long long>(outcome.done),
              static_cast<unsigned long long>(outcome.resumed));
  out += line("  %-18s %12.0f handshakes/s over %.2f s", "rate", count / outcome.seconds, outcome.seconds);
  if (outcome.scenario.base.broker_pid > 0)
    out += line("  %-18s %12.2f us/handshake, %.0f handshakes per CPU second", "broker CPU",
                outcome.broker_us(), outcome.broker_us() > 0 ? 1e6 / outcome.broker_us() : 0.0);
  out += line("  %-18s %12.2f us/handshake", "generator CPU", microseconds(outcome.own_cpu_ns) / count);
  return out + failures(outcome.failure, {});
}

std::string as_json(const HandshakeOutcome& outcome) {
  const double count = static_cast<double>(outcome.done > 0 ? outcome.done : 1);
  JsonLine json;
  json.add("scenario", "handshake");
  json.add("tls_version", outcome.version);
  json.add("tls_cipher", outcome.cipher);
  json.add("handshakes", outcome.done);
  json.add("resumed", outcome.resumed);
  json.add("seconds", outcome.seconds);
  json.add("broker_us_per_handshake", outcome.broker_us());
  json.add("handshakes_per_broker_cpu_second", outcome.broker_us() > 0 ? 1e6 / outcome.broker_us() : 0.0);
  json.add("generator_us_per_handshake", microseconds(outcome.own_cpu_ns) / count);
  json.add("failure", outcome.failure);
  return json.str() + "\n";
}

std::string as_json(const ConnectionOutcome& outcome) {
  const double count = static_cast<double>(outcome.connected > 0 ? outcome.connected : 1);
  JsonLine json;
  json.add("scenario", "conn");
  json.add("version", version_name(outcome.scenario.base.version));
  json.add("connections", outcome.scenario.connections);
  json.add("subscriptions_each", outcome.scenario.subscribes ? 1 : 0);
  json.add("connected", outcome.connected);
  json.add("connected_after_hold", outcome.connected_after_hold);
  json.add("connect_seconds", outcome.connect_seconds);
  json.add("broker_us_per_connect", microseconds(outcome.connect_cpu_ns) / count);
  json.add("generator_us_per_connect", microseconds(outcome.own_connect_cpu_ns) / count);
  json.add("rss_bytes_per_connection", outcome.per_connection(outcome.rss_before, outcome.rss_after));
  json.add("pss_bytes_per_connection", outcome.per_connection(outcome.pss_before, outcome.pss_after));
  json.add("rss_before_bytes", outcome.rss_before);
  json.add("rss_after_bytes", outcome.rss_after);
  json.add("rss_peak_bytes", outcome.rss_peak);
  json.add("hold_seconds", outcome.scenario.hold_seconds);
  json.add("hold_cpu_ms", microseconds(outcome.hold_cpu_ns) / 1e3);
  json.add("hold_wakeups", outcome.hold_switches);
  json.add("failure", outcome.failure);
  return json.str() + "\n";
}

}  // namespace hermod::bench
