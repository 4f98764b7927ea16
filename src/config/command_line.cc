#include "config/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "config/reference.h"

namespace hermod::config {
namespace {

constexpr const char* kFooter =
    "\nhermod pub, hermod sub and hermod rr are the clients: see hermod pub --help.\n"
    "Every key of the configuration file can be given as --set section.key=value or in the environment\n"
    "as HERMOD_SECTION__KEY=value. Without -c no file is read and only this machine can connect.";

Assignment flag(const std::string& name, std::string key, std::string value) {
  return {std::move(key), Value{std::move(value)}, false, {Origin::Place::Flag, name}};
}

struct Words {
  // What is given and empty is a value too: for a folder one that means something, else one to be refused.
  std::optional<std::string> port;
  std::optional<std::string> data_dir;
  std::optional<std::string> threads;
  std::vector<std::string> listen;
  std::vector<std::string> set;
  bool test = false;
  bool print = false;
  bool version = false;
};

/// -v first (with -t it is about the answer and not about the log) and --set last, so that the more exact
/// wish wins.
void fill_assignments(const Words& words, CommandLine& line) {
  std::vector<Assignment>& values = line.assignments.values;
  if (line.verbose && !words.test) values.push_back(flag("-v", "log.level", "debug"));
  if (words.threads) values.push_back(flag("--threads", "broker.threads", *words.threads));
  if (words.data_dir) values.push_back(flag("--data-dir", "store.data_dir", *words.data_dir));
  if (words.port) values.push_back(flag("-p", "listeners.port.url", "mqtt://127.0.0.1:" + *words.port));
  for (std::size_t i = 0; i < words.listen.size(); ++i) {
    values.push_back(flag("--listen", "listeners.flag" + std::to_string(i + 1) + ".url", words.listen[i]));
  }
  for (const std::string& setting : words.set) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      line.assignments.problems.push_back(
          {{Origin::Place::Flag, "--set " + setting}, "key=value is expected, for example log.level=debug"});
    } else {
      values.push_back(flag("--set", setting.substr(0, equals), setting.substr(equals + 1)));
    }
  }
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& words) {
  CommandLine line;
  Words given;
  CLI::App app("hermod, an MQTT 3.1, 3.1.1 and 5.0 broker", "hermod");
  app.footer(kFooter);
  const CLI::Option* config =
      app.add_option("-c,--config", line.file, "configuration file; conf.d/*.toml beside it is read too")
          ->type_name("FILE");
  app.add_option("-p,--port", given.port, "listen on this port of 127.0.0.1")->type_name("PORT");
  app.add_option(
         "--listen", given.listen,
         "listen on mqtt://HOST:PORT, mqtts://HOST:PORT, ws://HOST:PORT/PATH, wss://HOST:PORT/PATH or "
         "unix://PATH; may be repeated, replaces the file's listeners")
      ->type_name("URL")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--data-dir", given.data_dir, "folder of the store; empty: none, everything in memory")
      ->type_name("DIR");
  app.add_option("--threads", given.threads, "threads that serve connections; 0: one per core")
      ->type_name("N");
  app.add_option("--set", given.set, "set any key; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("-v,--verbose", line.verbose, "log at level debug; with -t: print every effective value");
  app.add_flag("-t,--test-config", given.test, "check the configuration and exit");
  app.add_flag("--print-config", given.print, "write a configuration file with every key and its default");
  app.add_flag("--version", given.version, "print the version and exit");

  std::vector<std::string> backwards(words.rbegin(), words.rend());
  if (!backwards.empty()) backwards.pop_back();
  try {
    app.parse(std::move(backwards));
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::Tell;
    line.text = app.help();
    return line;
  } catch (const CLI::ParseError& fault) {
    line.action = CommandLine::Action::Wrong;
    line.text = std::string(fault.what()) + "\nRun hermod --help for the options.";
    return line;
  }
  if (config->count() > 0 && line.file.empty()) {
    line.action = CommandLine::Action::Wrong;
    line.text = "--config: the name of the file is empty; without -c no file is read";
    return line;
  }
  if (given.test) line.action = CommandLine::Action::TestConfig;
  if (given.version || given.print) {
    line.action = CommandLine::Action::Tell;
    line.text = given.version ? "hermod " HERMOD_VERSION "\n" : reference_toml();
  }
  fill_assignments(given, line);
  return line;
}

}  // namespace hermod::config
