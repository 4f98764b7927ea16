#include "store/lmdb/lmdb_error.h"

#include <lmdb.h>

#include <cerrno>

#include "store/file_system.h"

namespace hermod::store {
namespace {

Errc kind_of(int code) {
  switch (code) {
    case MDB_MAP_FULL:
      return Errc::NoSpace;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE:
      return Errc::Corruption;
    case MDB_VERSION_MISMATCH:
      return Errc::Unsupported;
    case MDB_NOTFOUND:
    case ENOENT:
      return Errc::NotFound;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED:  // by another process: opened again, it fits
    case EAGAIN:
    case EBUSY:
      return Errc::Busy;
    case EINVAL:
    case ENOTDIR:
    case EISDIR:
      return Errc::Invalid;
    default:
      return errc_of(code);  // of the system; MDB_PANIC is Io
  }
}

}  // namespace

tl::unexpected<Error> lmdb_failure(int code, const std::string& what) {
  return failure(kind_of(code), what + ": " + mdb_strerror(code));
}

}  // namespace hermod::store
