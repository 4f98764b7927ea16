#include "tests/support/temporary_store.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/assert.h"

namespace hermod::test {
namespace {

constexpr const char* kMemoryFileSystem = "/dev/shm";

std::string new_folder() {
  const char* temporary = std::getenv("TMPDIR");
  std::string path = ::access(kMemoryFileSystem, W_OK) == 0 ? kMemoryFileSystem
                     : temporary != nullptr                 ? temporary
                                                            : "/tmp";
  path += "/hermod-store-XXXXXX";
  HERMOD_ASSERT(::mkdtemp(path.data()) != nullptr);
  return path;
}

}  // namespace

TemporaryStore::TemporaryStore(store::Options options, const Clock& clock)
    : folder_(new_folder()), options_(std::move(options)), clock_(clock) {
  options_.path = folder_ + "/store";
  open();
}

TemporaryStore::~TemporaryStore() {
  lose();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TemporaryStore::lose() {
  journal_.reset();
  store_.reset();
}

void TemporaryStore::open() {
  store::OpenReport report;
  auto opened = store::Store::open(options_, clock_, report);
  HERMOD_ASSERT(opened.has_value() && !report.set_aside);
  store_ = std::move(*opened);
  journal_.emplace(store_->journal());
}

}  // namespace hermod::test
