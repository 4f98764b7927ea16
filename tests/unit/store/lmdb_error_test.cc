#include "store/lmdb/lmdb_error.h"

#include <gtest/gtest.h>
#include <lmdb.h>

#include <cerrno>

namespace hermod::store {
namespace {

Errc kind_for(int code) {
  return lmdb_failure(code, "x").value().code;
}

// What the kind of an error decides: a full store refuses, a damaged one is set aside, a busy one is asked
// again.
TEST(LmdbError, AFullMapIsNoDamageAndDamageIsNoFullMap) {
  EXPECT_EQ(kind_for(MDB_MAP_FULL), Errc::NoSpace);
  EXPECT_EQ(kind_for(ENOSPC), Errc::NoSpace);
  EXPECT_EQ(kind_for(EDQUOT), Errc::NoSpace);
  for (const int damage : {MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_INCOMPATIBLE, MDB_BAD_VALSIZE})
    EXPECT_EQ(kind_for(damage), Errc::Corruption) << mdb_strerror(damage);
  for (const int busy : {MDB_READERS_FULL, MDB_MAP_RESIZED, EAGAIN, EBUSY})
    EXPECT_EQ(kind_for(busy), Errc::Busy) << mdb_strerror(busy);
  EXPECT_EQ(kind_for(MDB_VERSION_MISMATCH), Errc::Unsupported);
  EXPECT_EQ(kind_for(MDB_NOTFOUND), Errc::NotFound);
  EXPECT_EQ(kind_for(ENOENT), Errc::NotFound);
}

TEST(LmdbError, WhatTheDiskFailedAtIsNeverTakenForAnythingElse) {
  for (const int code : {EIO, MDB_PANIC}) EXPECT_EQ(kind_for(code), Errc::Io) << mdb_strerror(code);
}

TEST(LmdbError, TheTextNamesTheFileAndWhatTheLibrarySays) {
  EXPECT_EQ(lmdb_failure(MDB_MAP_FULL, "tables: put").value().detail,
            "tables: put: " + std::string(mdb_strerror(MDB_MAP_FULL)));
}

}  // namespace
}  // namespace hermod::store
