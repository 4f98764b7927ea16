#include "base/shared_bytes.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace hermod {
namespace {

TEST(SharedBytes, CopyDoesNotDependOnTheOriginal) {
  std::string text = "payload";
  const SharedBytes bytes = SharedBytes::copy_of(text);
  text.assign(7, 'x');
  EXPECT_EQ(as_text(bytes.bytes()), "payload");
}

TEST(SharedBytes, HolderLivesAsLongAsTheLastViewOfIt) {
  auto owner = std::make_shared<std::string>("topic+payload");
  const std::weak_ptr<std::string> watched = owner;
  std::optional<SharedBytes> whole(std::in_place, owner, as_bytes(*owner));
  std::optional<SharedBytes> payload = whole->from(6);
  owner.reset();
  whole.reset();
  ASSERT_FALSE(watched.expired());
  EXPECT_EQ(as_text(payload->bytes()), "payload");
  EXPECT_EQ(payload->from(7).size(), 0U);
  payload.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(SharedBytes, NothingIsHeldByDefault) {
  const SharedBytes none;
  EXPECT_EQ(none.size(), 0U);
  EXPECT_TRUE(none.bytes().empty());
}

TEST(SharedBytes, HoldersOnSeveralThreadsLetGoOnce) {
  auto owner = std::make_shared<std::string>(1000, 'p');
  const std::weak_ptr<std::string> watched = owner;
  SharedBytes bytes(owner, as_bytes(*owner));
  owner.reset();
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([bytes] {
      for (std::size_t at = 0; at < 1000; ++at) {
        const SharedBytes rest = bytes.from(at);
        ASSERT_EQ(rest.bytes().front(), 'p');
      }
    });
  }
  bytes = {};
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace hermod
