#include "tests/support/broker_process.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/support/raw_client.h"

namespace hermod::support {

std::string broker_binary() {
  const char* named = std::getenv("HERMOD_TEST_BROKER");
  return named == nullptr ? HERMOD_BROKER_BINARY : named;
}

BrokerProcess::BrokerProcess(BrokerSetup setup)
    : setup_(std::move(setup)),
      folder_(setup_.is_on_disk ? std::filesystem::temp_directory_path() : memory_base()) {
  if (all_over_tls()) tls_ = std::make_unique<TlsFiles>();
}

BrokerProcess::~BrokerProcess() {
  process_.reset();
  if (all_over_unix()) std::filesystem::remove(unix_path(port()));  // it may have been killed
}

/// The words of the command line that make it listen on its port.
std::vector<std::string> BrokerProcess::listener() const {
  if (all_over_unix()) return {"--listen", "unix://" + unix_path(port())};
  if (!tls_) {
    const std::string scheme = all_over_websocket() ? "ws" : "mqtt";
    return {"--listen", scheme + "://127.0.0.1:" + std::to_string(port())};
  }
  std::vector<std::string> words;
  for (const auto& [key, value] : tls_->settings(port(), all_over_websocket() ? "wss" : "mqtts"))
    words.insert(words.end(), {"--set", key + "=" + value});
  return words;
}

void BrokerProcess::start() {
  std::vector<std::string> command = setup_.in_front;
  command.insert(command.end(), {broker_binary(), "--data-dir", data_folder().string(), "--threads",
                                 std::to_string(setup_.threads)});
  for (const std::string& word : listener()) command.push_back(word);
  for (const auto& [key, value] : setup_.settings) {
    command.insert(command.end(), {"--set", key + "=" + value});
  }
  command.insert(command.end(), setup_.arguments.begin(), setup_.arguments.end());
  if (process_) earlier_log_ += process_->errors() + process_->output();
  process_ = std::make_unique<ChildProcess>(command, folder_.path());
  if (becomes_ready()) return;
  const std::optional<int> code = process_->wait(Millis(0));
  throw Unexpected((code ? "the broker ended with " + std::to_string(*code)
                         : std::string("the broker does not accept connections")) +
                   "; it wrote:\n" + log());
}

/// The broker says when it listens; a probing connection would count against the limits under test. A test
/// that silences the log is given a probe.
bool BrokerProcess::becomes_ready() {
  const bool silenced = std::any_of(setup_.settings.begin(), setup_.settings.end(),
                                    [](const auto& setting) { return setting.first == "log.level"; });
  const auto deadline = Clock::now() + scaled(10s);
  while (Clock::now() < deadline && process_->running()) {
    if (process_->errors().find("listener.started") != std::string::npos) return true;
    if (silenced) {
      try {
        const RawClient probe(port());
        return true;
      } catch (const Unexpected&) {  // not yet
      }
    }
    std::this_thread::sleep_for(Millis(3));
  }
  return false;
}

int BrokerProcess::stop() {
  process_->signal(SIGTERM);
  // It may have half a gigabyte to bring into the tables, on a disk that is shared.
  const std::optional<int> code = process_->wait(scaled(60s));
  if (!code) throw Unexpected("the broker did not end after SIGTERM; it wrote:\n" + log());
  return *code;
}

void BrokerProcess::kill() {
  process_->signal(SIGKILL);
  // One that waits for a disk ends when that has answered.
  if (!process_->wait(scaled(60s))) throw Unexpected("the broker did not end after SIGKILL");
}

std::string BrokerProcess::log() const {
  return earlier_log_ + (process_ ? process_->errors() + process_->output() : "");
}

}  // namespace hermod::support
