#include "config/queue_sections.h"

#include <utility>

#include "config/key.h"
#include "config/queue_keys.h"
#include "config/text_list.h"
#include "queue/queue_option.h"
#include "topic/topic_filter.h"

namespace hermod::config {
namespace {

constexpr std::string_view kQueues = "queues.";

/// NAME and KEY of queues.NAME.KEY; two empty texts when it does not have that form.
std::pair<std::string_view, std::string_view> split(std::string_view key) {
  if (!key.starts_with(kQueues)) return {};
  key.remove_prefix(kQueues.size());
  const std::size_t dot = key.rfind('.');
  if (dot == std::string_view::npos) return {};
  return {key.substr(0, dot), key.substr(dot + 1)};
}

/// What was written, as the text that an option takes: TOML's own numbers and booleans need no quotes.
std::string option_value(const Value& value) {
  if (const auto* on = std::get_if<bool>(&value)) return *on ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return std::get<std::string>(value);
}

Status set_bind(queue::QueueDefinition& definition, std::string_view text) {
  std::vector<std::string> filters = split_list(text);
  for (const std::string& filter : filters) {
    const auto parsed = topic::TopicFilter::parse(filter);
    if (parsed) continue;
    const std::string which = filters.size() > 1 ? filter + ": " : "";
    return failure(Errc::Invalid, std::string(kBindKey) + ": " + which + parsed.error().detail);
  }
  definition.bind = std::move(filters);
  return {};
}

std::string all_keys() {
  std::string out;
  for (const QueueKey& key : queue_keys()) out += (out.empty() ? "" : ", ") + std::string(key.name);
  return out;
}

}  // namespace

bool QueueSections::is_queue_key(std::string_view key) {
  return !split(key).second.empty();
}

std::string QueueSections::head_of(std::string_view key) {
  const auto [name, last] = split(key);
  return last.empty() ? "" : std::string(kQueues) + std::string(name) + ".kind";
}

std::string QueueSections::unknown_key(const std::string& key) {
  const std::string nearest = nearest_key(key);
  if (nearest.starts_with("queue.")) return "unknown key " + key + "; did you mean " + nearest + "?";
  return "unknown key " + key + "; a queue is written as [queues.NAME] with bind = \"TOPIC FILTER\"";
}

void QueueSections::apply(const Assignment& one, std::vector<Problem>& problems) {
  const auto [name, last] = split(one.key);
  const auto refuse = [&](std::string text) { problems.push_back({one.origin, std::move(text)}); };
  if (find_queue_key(last) == nullptr) {
    const std::string_view nearest = nearest_queue_key(last);
    return refuse("unknown key " + one.key +
                  (nearest.empty() ? "; the keys of a queue are " + all_keys()
                                   : "; did you mean " + std::string(nearest) + "?"));
  }
  if (!queue::is_queue_name(name))
    return refuse(one.key +
                  ": the name of a queue is a letter or digit, then letters, digits, - . or _, 128 bytes at "
                  "most");
  if (one.is_list && last != kBindKey) return refuse(one.key + ": one value and no list is expected");
  const auto [found, is_new] = sections_.try_emplace(std::string(name));
  Section& section = found->second;
  if (is_new) {
    section.definition.name = name;
    section.begin = one.origin;
  }
  const std::string text = option_value(one.value);
  const Status status = last == kBindKey ? set_bind(section.definition, text)
                                         : queue::set_option(section.definition, last, text);
  section.origins.insert_or_assign(std::string(last), one.origin);
  if (status) return;
  section.is_refused = true;
  refuse(section.lead() + status.error().detail);
}

Origin QueueSections::Section::origin_of(std::string_view key) const {
  const auto found = origins.find(key);
  return found == origins.end() ? Origin{} : found->second;
}

Problem QueueSections::Section::problem(const Error& fault) const {
  const std::string_view option = std::string_view(fault.detail).substr(0, fault.detail.find(':'));
  if (option == "name") return {begin, lead() + fault.detail};
  const bool lacks_bind = option == kBindKey && definition.bind.empty();
  return {origins.contains(option) ? origin_of(option) : begin,
          lead() + fault.detail + (lacks_bind ? ", such as bind = \"shop/+/order\"" : "")};
}

std::vector<queue::QueueDefinition> QueueSections::settle(std::vector<Problem>& problems) const {
  std::vector<queue::QueueDefinition> out;
  for (const auto& [name, section] : sections_) {
    if (section.is_refused) continue;
    const queue::QueueDefinition& definition = section.definition;
    if (const Status status = queue::check(definition); !status)
      problems.push_back(section.problem(status.error()));
    const auto target = sections_.find(definition.dead_letter_target());
    if (target != sections_.end()) {
      const Status status = queue::check_dead_letters(definition, target->second.definition);
      if (!status) problems.push_back(section.problem(status.error()));
    }
    out.push_back(definition);
  }
  return out;
}

void QueueSections::list(std::vector<Effective>& out) const {
  for (const auto& [name, section] : sections_) {
    for (const QueueKey& key : queue_keys()) {
      const std::string value = key.name == kBindKey ? list_text(section.definition.bind)
                                                     : queue::option_text(section.definition, key.name);
      out.push_back({section.lead() + std::string(key.name), value, section.origin_of(key.name)});
    }
  }
}

}  // namespace hermod::config
