#include "config/configuration.h"

#include <algorithm>

#include "config/listener_keys.h"

namespace hermod::config {
namespace {

bool is_listener_key(std::string_view key) {
  return key.starts_with("listeners.") || key == "listeners";
}

std::string unknown_key(const std::string& key) {
  if (is_listener_key(key)) {
    std::string keys = "url";
    for (const ListenerKey& one : listener_keys()) keys += ", " + std::string(one.key.name);
    return "unknown key " + key +
           "; a listener is written as [listeners.NAME] with url = \"mqtt://127.0.0.1:1883\", and its keys "
           "are " +
           keys;
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
  if (!split_listener_key(one.key).listener.empty()) return apply_listener(one, problems);
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
  const ListenerName name = split_listener_key(one.key);
  const auto refuse = [&](const std::string& why) { problems.push_back({one.origin, one.key + ": " + why}); };
  if (name.key != "url") {
    const ListenerKey& key = *find_listener_key(name.key);
    const Result<Value> value = key.key.accept(one.value, one.typed);
    if (!value) return refuse(value.error().detail);
    Listener& listener = listeners_[name.listener];
    key.write(listener.fields, std::get<std::string>(*value));
    listener.origins.insert_or_assign(name.key, one.origin);
    return;
  }
  const auto* text = std::get_if<std::string>(&one.value);
  if (text == nullptr) return refuse("a text in quotes is expected");
  const Result<ListenUrl> url = parse_listen_url(*text);
  if (!url) return refuse(url.error().detail);
  Listener& listener = listeners_[name.listener];
  listener.url = *url;
  listener.origin = one.origin;
  listener.has_url = true;
}

void Configuration::settle_listeners() {
  // Somebody who names listeners on the command line means those and no others.
  const auto from_flag = [](const auto& entry) {
    return entry.second.has_url && entry.second.origin.place == Origin::Place::Flag;
  };
  if (std::ranges::any_of(listeners_, from_flag)) std::erase_if(listeners_, std::not_fn(from_flag));
  if (listeners_.empty()) listeners_.emplace("default", Listener{.has_url = true});
  settings_.broker.net.listeners.clear();
  for (const auto& [name, listener] : listeners_) {
    net::ListenerOptions options{.name = name, .address = listener.url.address};
    if (listener.url.is_tls) {
      options.tls = listener.fields.tls;
      options.tls->application_protocol = listener.url.is_websocket ? "http/1.1" : "mqtt";
    }
    if (listener.url.is_websocket) {
      options.websocket = listener.fields.websocket;
      options.websocket->path = listener.url.path;
    }
    settings_.broker.net.listeners.push_back(std::move(options));
  }
}

std::vector<std::string> Configuration::Listener::written() const {
  std::vector<std::string> out;
  for (const auto& [key, where] : origins) out.push_back(key);
  return out;
}

void Configuration::check_listeners(std::vector<Problem>& problems) {
  for (const auto& [name, listener] : listeners_) {
    const Origin& where = listener.has_url ? listener.origin : listener.origins.begin()->second;
    const std::string fault = listener.has_url
                                  ? listener_fault(listener.fields, listener.written(), listener.url)
                                  : "it has no url";
    if (fault.empty()) continue;
    std::string text = "listener ";
    text.append(name).append(": ").append(fault);
    problems.push_back({where, std::move(text)});
  }
}

void Configuration::check(std::vector<Problem>& problems) {
  check_listeners(problems);
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
    if (is_loopback(listener.url.address)) continue;
    if (listener.url.is_tls && listener.fields.tls.client_certificate == net::ClientCertificate::Required &&
        listener.fields.tls.identity != net::TlsIdentity::None)
      continue;  // nobody comes in without a name
    settings_.broker.allow_anonymous = false;
    std::string text =
        "listener " + name + " (" + listen_url(listener.url) +
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
    out.push_back({"listeners." + name + ".url", listen_url(listener.url), listener.origin});
    for (const ListenerKey& one : listener_keys()) {
      if (!one.is_for(listener.url)) continue;
      const auto where = listener.origins.find(one.key.name);
      out.push_back({"listeners." + name + "." + std::string(one.key.name), one.read(listener.fields),
                     where == listener.origins.end() ? Origin{} : where->second});
    }
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

namespace {

/// A key of a listener takes effect at once where the listener itself stays what it was.
bool is_live_listener_key(const std::string& key, const std::map<std::string, Difference>& by_key) {
  const ListenerName name = split_listener_key(key);
  if (name.listener.empty() || name.key == "url") return false;
  if (find_listener_key(name.key)->key.change != Change::Live) return false;
  const auto url = by_key.find("listeners." + name.listener + ".url");
  return url != by_key.end() && !url->second.after.empty() && url->second.before == url->second.after;
}

}  // namespace

std::vector<Difference> differences(const Configuration& before, const Configuration& after) {
  std::map<std::string, Difference> by_key;
  for (const Effective& one : before.effective()) by_key[one.key].before = one.value;
  for (const Effective& one : after.effective()) by_key[one.key].after = one.value;
  std::vector<Difference> out;
  for (auto& [name, difference] : by_key) {
    if (difference.before == difference.after) continue;
    const Key* key = find_key(name);
    difference.key = name;
    difference.live = (key != nullptr && key->change == Change::Live) || is_live_listener_key(name, by_key);
    out.push_back(difference);
  }
  return out;
}

}  // namespace hermod::config
