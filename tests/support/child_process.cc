#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/packet_bytes.h"

namespace hermod::support {
namespace {

/// In the child, after fork: only calls that are safe there.
[[noreturn]] void become(const char* folder, const char* out, const char* err, char* const* arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int in_fd = ::open("/dev/null", O_RDONLY);
  const int out_fd = ::open(out, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int err_fd = ::open(err, O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(in_fd, STDIN_FILENO);
  ::dup2(out_fd, STDOUT_FILENO);
  ::dup2(err_fd, STDERR_FILENO);
  if (folder[0] == '\0' || ::chdir(folder) == 0) ::execvp(arguments[0], arguments);
  const char* reason = std::strerror(errno);
  if (::write(STDERR_FILENO, reason, std::strlen(reason)) < 0) ::_exit(126);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& folder) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string where = folder.string();
  const std::string out = (files_.path() / "stdout").string();
  const std::string err = (files_.path() / "stderr").string();
  pid_ = ::fork();
  if (pid_ < 0) throw Unexpected("fork: " + std::string(std::strerror(errno)));
  if (pid_ == 0) become(where.c_str(), out.c_str(), err.c_str(), arguments.data());
}

ChildProcess::~ChildProcess() {
  if (running()) {
    signal(SIGKILL);
    wait(std::chrono::seconds(10));
  }
}

bool ChildProcess::running() {
  return !wait(Millis(0)).has_value();
}

void ChildProcess::signal(int number) const {
  if (!exit_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(Millis limit) {
  const auto deadline = Clock::now() + limit;
  while (!exit_) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      exit_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    } else if (Clock::now() >= deadline) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(Millis(2));
    }
  }
  return exit_;
}

std::string ChildProcess::output() const {
  return read_text(files_.path() / "stdout");
}
std::string ChildProcess::errors() const {
  return read_text(files_.path() / "stderr");
}

std::size_t ChildProcess::resident_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6)) * 1024;
  }
  throw Unexpected("process " + std::to_string(pid_) + " has no memory figure; did it end?");
}

Finished run(const std::vector<std::string>& command, Millis limit) {
  ChildProcess process(command);
  const std::optional<int> code = process.wait(limit);
  if (!code) throw Unexpected(command.at(0) + " did not end in time; its errors: " + process.errors());
  return {.exit_code = *code, .output = process.output(), .errors = process.errors()};
}

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    const std::string file = folder + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) throw Unexpected("cannot write " + file.string());
}

}  // namespace hermod::support
