#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"
#include "compare.h"
#include "connection_run.h"
#include "handshake_run.h"
#include "scenario.h"

namespace hermod::bench {

enum class Command { Load, Amqp, Connections, Handshakes, Compare };

/// The command line. Registers itself with `app`, which must outlive it, and is read after parsing.
class Options {
 public:
  explicit Options(CLI::App& app);

  Command command() const { return command_; }
  /// With everything filled in that follows from the shape. Invalid when two options contradict each other.
  Result<Scenario> finished_scenario() const;
  ConnectionScenario finished_connections() const;
  HandshakeScenario finished_handshakes() const;
  Scenario finished_amqp() const;
  Result<ComparePlan> finished_plan() const;

  bool json = false;

 private:
  void add_broker(CLI::App& command);
  void add_tls(CLI::App& command);
  void add_load(CLI::App& command);
  void add_shape(CLI::App& app, Shape shape, const char* name, const char* help);
  void add_queue(CLI::App& command);
  void add_amqp(CLI::App& app);
  void add_connections(CLI::App& app);
  void add_handshakes(CLI::App& app);
  void add_compare(CLI::App& app);

  Command command_ = Command::Load;
  Scenario scenario_;
  ConnectionScenario connections_;
  HandshakeScenario handshakes_;
  std::string version_ = "5";
  std::string window_by_;
  std::string topic_;
  std::uint32_t pairs_ = 10;
  std::string contestant_a_;
  std::string contestant_b_;
  unsigned rounds_ = 3;
};

}  // namespace hermod::bench
