#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/leased_port.h"
#include "tests/support/tls_files.h"

namespace hermod::support {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// How to start a broker.
struct BrokerSetup {
  Settings settings{};                   ///< --set key=value
  std::vector<std::string> arguments{};  ///< further words of the command line
  std::vector<std::string> in_front{};   ///< words in front of the binary, such as env A=b
  int threads = 2;
  bool is_on_disk = false;  ///< what it keeps; else in memory, see memory_base()
};

/// The broker to test: HERMOD_TEST_BROKER in the environment (ctest names one with a sanitizer), else the one
/// that was built beside the test.
std::string broker_binary();

/// The real broker binary with its data in a temporary folder. Owns both; start, stop and kill may be
/// repeated, the data and the port stay.
class BrokerProcess {
 public:
  explicit BrokerProcess(BrokerSetup setup);
  ~BrokerProcess();

  /// Starts and waits until the port accepts. Throws Unexpected with the broker's errors when it does not.
  void start();
  /// SIGTERM; returns the exit code.
  int stop();
  /// SIGKILL, and waits for the end.
  void kill();

  std::uint16_t port() const { return port_.number(); }
  ChildProcess& process() { return *process_; }
  bool running() { return process_ && process_->running(); }
  /// What this and earlier runs wrote to stderr and stdout.
  std::string log() const;
  std::filesystem::path data_folder() const { return folder_.path() / "data"; }

 private:
  bool becomes_ready();
  std::vector<std::string> listener() const;

  BrokerSetup setup_;
  TemporaryFolder folder_;
  std::unique_ptr<TlsFiles> tls_;  ///< when all tests run over TLS
  LeasedPort port_;
  std::string earlier_log_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace hermod::support
