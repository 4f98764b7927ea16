#include "config/configuration.h"

#include <algorithm>

#include "config/listen_url.h"

namespace hermod::config {
namespace {

constexpr std::string_view kListeners = "listeners.";
constexpr std::string_view kUrl = ".url";

bool is_listener_key(std::string_view key) {
  return key.starts_with(kListeners) || key == "listeners";
}

/// "lan" of "listeners.lan.url"; empty when the key does not have that form.
std::string listener_name(std::string_view key) {
  if (!key.starts_with(kListeners) || !key.ends_with(kUrl)) return "";
  if (key.size() <= kListeners.size() + kUrl.size()) return "";
  const std::string_view name = key.substr(kListeners.size(), key.size() - kListeners.size() - kUrl.size());
  return name.find('.') == std::string_view::npos ? std::string(name) : "";
}

std::string unknown_key(const std::string& key) {
  if (is_listener_key(key)) {
    return "unknown key " + key +
           "; a listener is written as [listeners.NAME] with url = \"mqtt://127.0.0.1:1883\"";
  }
  const std::string nearest = nearest_key(key);
  return "unknown key " + key + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

}  // namespace

Configuration Configuration::build(const std::vector<Assignment>& values, std::vector<Problem>& problems) {
  Configuration built;
  for (const Assignment& one : values) built.apply(one, problems);
  built.settle_listeners();
  built.check(problems);
  return built;
}

void Configuration::apply(const Assignment& one, std::vector<Problem>& problems) {
  if (!listener_name(one.key).empty()) return apply_listener(one, problems);
  const Key* key = find_key(one.key);
  if (key == nullptr) {
    problems.push_back({one.origin, unknown_key(one.key)});
    return;
  }
  const Result<Value> value = key->accept(one.value, one.typed);
  if (!value) {
    problems.push_back({one.origin, one.key + ": " + value.error().detail});
    return;
  }
  key->write(settings_, *value);
  origins_.insert_or_assign(one.key, one.origin);
}

void Configuration::apply_listener(const Assignment& one, std::vector<Problem>& problems) {
  const auto* url = std::get_if<std::string>(&one.value);
  const Result<net::ListenAddress> address =
      url == nullptr ? failure(Errc::Invalid, "a text in quotes is expected") : parse_listen_url(*url);
  if (!address) {
    problems.push_back({one.origin, one.key + ": " + address.error().detail});
    return;
  }
  listeners_.insert_or_assign(listener_name(one.key), Listener{*address, one.origin});
}

void Configuration::settle_listeners() {
  // Somebody who names listeners on the command line means those and no others.
  const auto from_flag = [](const auto& entry) { return entry.second.origin.place == Origin::Place::Flag; };
  if (std::ranges::any_of(listeners_, from_flag)) std::erase_if(listeners_, std::not_fn(from_flag));
  if (listeners_.empty()) listeners_.emplace("default", Listener{});
  settings_.broker.net.listen.clear();
  for (const auto& [name, listener] : listeners_) settings_.broker.net.listen.push_back(listener.address);
}

void Configuration::check(std::vector<Problem>& problems) {
  check_exposure(problems);
  const broker::MqttOptions& mqtt = settings_.broker.mqtt;
  if (origins_.contains("mqtt.max_connect_size") && mqtt.max_connect_size > mqtt.max_packet_size) {
    problems.push_back(
        {origin_of("mqtt.max_connect_size"), "mqtt.max_connect_size must not be above mqtt.max_packet_size"});
  }
}

void Configuration::check_exposure(std::vector<Problem>& problems) {
  if (origins_.contains("auth.allow_anonymous")) return;
  settings_.broker.allow_anonymous = true;
  for (const auto& [name, listener] : listeners_) {
    if (is_loopback(listener.address)) continue;
    settings_.broker.allow_anonymous = false;
    std::string text =
        "listener " + name + " (" + listen_url(listener.address) +
        ") can be reached from other machines, and nothing says whether clients need a user name. "
        "If everybody may connect, these two lines in the configuration file settle it:\n"
        "    [auth]\n    allow_anonymous = true";
    if (listener.origin.place == Origin::Place::Flag)
      text += "\nor this flag:\n    --set auth.allow_anonymous=true";
    problems.push_back({listener.origin, std::move(text)});
  }
}

Origin Configuration::origin_of(std::string_view key) const {
  const auto found = origins_.find(key);
  return found == origins_.end() ? Origin{} : found->second;
}

std::vector<Effective> Configuration::effective() const {
  std::vector<Effective> out;
  for (const auto& [name, listener] : listeners_) {
    out.push_back({"listeners." + name + ".url", listen_url(listener.address), listener.origin});
  }
  for (const Key& key : keys()) {
    out.push_back({std::string(key.name), key.plain_text(key.read(settings_)), origin_of(key.name)});
  }
  return out;
}

std::string Configuration::effective_text() const {
  const std::vector<Effective> all = effective();
  std::size_t width = 0;
  for (const Effective& one : all) width = std::max(width, one.key.size() + one.value.size());
  std::string out;
  for (const Effective& one : all) {
    const std::size_t gap = width - one.key.size() - one.value.size() + 3;
    out += one.key + " = " + one.value + std::string(gap, ' ') + "(" + one.origin.text() + ")\n";
  }
  return out;
}

std::vector<Difference> differences(const Configuration& before, const Configuration& after) {
  std::map<std::string, Difference> by_key;
  for (const Effective& one : before.effective()) by_key[one.key].before = one.value;
  for (const Effective& one : after.effective()) by_key[one.key].after = one.value;
  std::vector<Difference> out;
  for (auto& [name, difference] : by_key) {
    if (difference.before == difference.after) continue;
    const Key* key = find_key(name);
    difference.key = name;
    difference.live = key != nullptr && key->change == Change::Live;
    out.push_back(std::move(difference));
  }
  return out;
}

}  // namespace hermod::config
