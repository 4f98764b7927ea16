#pragma once
#include "net/tls_transport.h"

namespace hermod::net {

/// The way between OpenSSL and a transport: it takes sealed bytes from what was just read and hands sealed
/// bytes to the socket. It never says "try again" to a write; what the socket does not take is kept.
struct RecordBio {
  /// Gives the transport's session this way in and out. False when memory is short.
  static bool attach(TlsTransport& transport);

 private:
  static const BIO_METHOD* method();
  static int read(BIO* bio, char* room, int size);
  static int write(BIO* bio, const char* bytes, int size);
  static long control(BIO* bio, int command, long number, void* pointer);
  static int create(BIO* bio);
};

}  // namespace hermod::net
