#include "net/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace hermod::net::tls_files {
namespace {

using openssl::Ptr;
using Warnings = std::vector<std::string>;

constexpr std::size_t kLargestFile = 8U << 20;
constexpr std::string_view kCredential = "cred:";

Result<std::string> path_of(const std::string& name) {
  if (!name.starts_with(kCredential)) return name;
  const std::string credential = name.substr(kCredential.size());
  if (credential.empty() || credential.find('/') != std::string::npos)
    return failure(Errc::Invalid, name + ": behind cred: stands the name of a credential");
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr)
    return failure(Errc::NotFound, name +
                                       ": no credentials were handed to this process (LoadCredential= in "
                                       "the service file)");
  return std::string(folder) + "/" + credential;
}

Error trouble(const std::string& path, int error) {
  return Error{error == ENOENT ? Errc::NotFound : Errc::Io,
               path + ": " + std::generic_category().message(error)};
}

Error wrong(const std::string& path, const std::string& what) {
  return Error{Errc::Invalid, path + ": " + what};
}

Ptr<BIO> reader(const std::string& text) {
  return Ptr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// A key that wants a password is an error: nobody is there to type it.
int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::string text_of(const ASN1_TIME* time) {
  const Ptr<BIO> out(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(out.get(), time);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void warn_when_early(const std::string& path, const X509* certificate, Warnings& warnings) {
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
    warnings.push_back(path + ": the certificate is not valid before " +
                       text_of(X509_get0_notBefore(certificate)));
}

/// What is wrong with the rights to a file that holds a key; empty: nothing. A group that may read it is how
/// a key is shared with a service.
std::string too_open(mode_t mode) {
  const bool others_read = (mode & S_IROTH) != 0;
  const bool others_write = (mode & S_IWOTH) != 0;
  const bool group_writes = (mode & S_IWGRP) != 0;
  if (!others_read && !others_write)
    return group_writes ? "everybody in the file's group may change the key; chmod g-w" : "";
  std::string out = "every user of this machine may ";
  out += !others_write ? "read" : others_read ? "read and change" : "change";
  out += " the key";
  if (group_writes && !others_write) out += ", and everybody in the file's group may change it";
  return out + (group_writes ? "; chmod g-w,o-rwx" : "; chmod o-rwx");
}

/// Every object of one kind in a PEM file. Errors: Invalid when there is none, or a broken one.
template <class T, class Read>
Result<std::vector<Ptr<T>>> read_all(const File& file, Read read_one, const std::string& noun) {
  const Ptr<BIO> in = reader(file.text);
  std::vector<Ptr<T>> found;
  while (T* one = read_one(in.get(), nullptr, nullptr, nullptr)) found.emplace_back(one);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string why = openssl::take_error("unknown error");
  if (found.empty() && at_end)
    return tl::unexpected(wrong(file.path, "there is no " + noun + " (PEM) in it"));
  if (!at_end)
    return tl::unexpected(
        wrong(file.path, noun + " " + std::to_string(found.size() + 1) + " in it is damaged: " + why));
  return found;
}

}  // namespace

Result<File> read(const std::string& name) {
  Result<std::string> path = path_of(name);
  if (!path) return tl::unexpected(std::move(path.error()));
  File file{std::move(*path), {}};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.path.c_str(), "re"), &std::fclose);
  if (in == nullptr) return tl::unexpected(trouble(file.path, errno));
  std::array<char, 4096> piece{};
  for (;;) {
    const std::size_t size = std::fread(piece.data(), 1, piece.size(), in.get());
    file.text.append(piece.data(), size);
    if (std::ferror(in.get()) != 0) return tl::unexpected(trouble(file.path, errno));
    if (file.text.size() > kLargestFile) return tl::unexpected(wrong(file.path, "the file is too large"));
    if (size < piece.size()) break;
  }
  if (file.text.empty()) return tl::unexpected(wrong(file.path, "the file is empty"));
  return file;
}

Result<Chain> read_chain(const std::string& name, Warnings& warnings) {
  const Result<File> file = read(name);
  if (!file) return tl::unexpected(file.error());
  auto all = read_all<X509>(*file, PEM_read_bio_X509, "certificate");
  if (!all) return tl::unexpected(std::move(all.error()));
  // When they end is watched all the time, by who uses them.
  for (const auto& certificate : *all) warn_when_early(file->path, certificate.get(), warnings);
  Chain chain{std::move(all->front()), {}};
  for (std::size_t i = 1; i < all->size(); ++i) chain.others.push_back(std::move((*all)[i]));
  return chain;
}

Result<File> read_secret(const std::string& name, Warnings& warnings) {
  Result<File> file = read(name);
  struct stat mode {};
  if (!file || ::stat(file->path.c_str(), &mode) != 0) return file;
  if (const std::string why = too_open(mode.st_mode); !why.empty())
    warnings.push_back(file->path + ": " + why);
  return file;
}

std::string place_of(const std::string& name) {
  return path_of(name).value_or(name);
}

Result<Ptr<EVP_PKEY>> read_key(const std::string& name, Warnings& warnings) {
  const Result<File> file = read_secret(name, warnings);
  if (!file) return tl::unexpected(file.error());
  bool asked = false;
  const Ptr<BIO> in = reader(file->text);
  Ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, &asked));
  const std::string why = openssl::take_error("unknown error");
  if (asked)
    return tl::unexpected(wrong(file->path, "the key is encrypted; a key without a password is needed"));
  if (key == nullptr) return tl::unexpected(wrong(file->path, "there is no private key (PEM) in it: " + why));
  return key;
}

Result<std::vector<Ptr<X509>>> read_authorities(const File& file, Warnings& warnings) {
  auto all = read_all<X509>(file, PEM_read_bio_X509, "certificate");
  if (!all) return all;
  for (const auto& certificate : *all) warn_when_early(file.path, certificate.get(), warnings);
  return all;
}

Result<std::vector<Ptr<X509_CRL>>> read_revocations(const File& file) {
  return read_all<X509_CRL>(file, PEM_read_bio_X509_CRL, "revocation list");
}

}  // namespace hermod::net::tls_files
